import { verify } from "node:crypto";
import { z } from "zod";
import type { ServerKeys } from "../keys.ts";

/** One actor of a delegation chain and those it acts after. @see https://www.rfc-editor.org/rfc/rfc8693#section-4.1 */
export interface ActorClaim {
  sub: string;
  act?: ActorClaim | undefined;
}

export const actorClaim: z.ZodType<ActorClaim> = z.object({
  sub: z.string().min(1),
  get act() {
    return actorClaim.optional();
  },
});

const header = z.strictObject({ alg: z.literal("ES256"), typ: z.literal("at+jwt"), kid: z.string() });

const claims = z.looseObject({
  iss: z.string(),
  sub: z.string().min(1),
  aud: z.string(),
  client_id: z.string().min(1),
  exp: z.int(),
  scope: z.string().optional(),
  act: actorClaim.optional(),
  grant_id: z.string().optional(),
  cnf: z.looseObject({ jkt: z.string().optional() }).optional(),
});

export type OwnAccessTokenClaims = z.output<typeof claims>;

const longestToken = 8192;
const compactForm = /^([\w-]+)\.([\w-]+)\.([\w-]+)$/;

export function isCompactJwt(token: string): boolean {
  return compactForm.test(token);
}

/**
 * The claims of a JWT access token that this server signed (RFC 9068); anything else is undefined.
 *
 * Expiry is left to the caller, who says more about it.
 */
export function readOwnJwt(
  token: string,
  issuer: string,
  { kid, publicKey }: ServerKeys["signing"],
): OwnAccessTokenClaims | undefined {
  if (token.length > longestToken) return undefined;
  const [, encodedHeader = "", encodedClaims = "", signature = ""] = compactForm.exec(token) ?? [];
  const parsedHeader = header.safeParse(parseSegment(encodedHeader));
  if (!parsedHeader.success || parsedHeader.data.kid !== kid) return undefined;

  const signingInput = Buffer.from(`${encodedHeader}.${encodedClaims}`);
  const key = { key: publicKey, dsaEncoding: "ieee-p1363" } as const;
  if (!verify("sha256", signingInput, key, Buffer.from(signature, "base64url"))) return undefined;

  const parsedClaims = claims.safeParse(parseSegment(encodedClaims));
  return parsedClaims.success && parsedClaims.data.iss === issuer ? parsedClaims.data : undefined;
}

function parseSegment(segment: string): unknown {
  try {
    return JSON.parse(Buffer.from(segment, "base64url").toString("utf8"));
  } catch {
    return undefined;
  }
}
