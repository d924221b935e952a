import type { Actor } from "@countersign/core/entry/entry";
import { type Claims, readActors } from "@countersign/core/token/claim-values";
import type { Introspection } from "@countersign/core/token/identity-provider";

/**
 * Reads an introspection response without judging it (RFC 7662 §2.2): what is missing or malformed is left
 * out, for the caller to miss. `iss` is the issuer asked where the response names none.
 */
export function readIntrospection(response: Claims, issuer: string): Introspection {
  if (response["active"] !== true) return { active: false };
  const { iss = issuer, sub, client_id, scope, aud, act, exp } = response;
  return {
    active: true,
    evidence: "introspection",
    subject: isText(iss) && isText(sub) ? { iss, sub } : undefined,
    clientId: isText(client_id) ? client_id : undefined,
    scopes: isText(scope) ? scope.split(" ").filter((one) => one !== "") : [],
    audiences: (Array.isArray(aud) ? aud : [aud]).filter(isText),
    actors: actorsOf(act),
    expiresAt: expiryOf(exp),
  };
}

function expiryOf(exp: unknown): number | undefined {
  const milliseconds = Number.isSafeInteger(exp) ? Number(exp) * 1000 : undefined;
  return Number.isSafeInteger(milliseconds) ? milliseconds : undefined;
}

function isText(value: unknown): value is string {
  return typeof value === "string" && value !== "";
}

/** A malformed chain names nobody: half of one would be worse than none. */
function actorsOf(act: unknown): readonly Actor[] {
  try {
    return readActors(act);
  } catch {
    return [];
  }
}
