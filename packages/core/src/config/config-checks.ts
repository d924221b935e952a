import type { z } from "zod";
import { type GrantMode, type ProfileName, tokenProfiles } from "../token/profiles.ts";

interface IssuerChoice {
  readonly issuer: string;
  readonly profile: ProfileName;
  readonly audience?: string | undefined;
  readonly clients?: readonly string[] | undefined;
  readonly grants?: GrantMode | undefined;
  readonly grantAudience?: string | undefined;
  readonly opaqueTokens: boolean;
}

/** Adds a fault at a place in the configuration. */
export function fault(context: z.core.$RefinementCtx, path: PropertyKey[], message: string): void {
  context.addIssue({ code: "custom", path, message });
}

/** Faults an issuer whose options do not fit its profile. */
export function checkIssuerProfile(issuer: IssuerChoice, context: z.core.$RefinementCtx): void {
  const { profile: name, audience, clients, grants, grantAudience, opaqueTokens } = issuer;
  const profile = tokenProfiles[name];
  const isNamed = profile.audience === "required";
  if (isNamed && audience === undefined) fault(context, ["audience"], "is missing, expected the gate's own");
  if (isNamed && clients !== undefined) {
    fault(context, ["clients"], `tokens of profile "${name}" name their audience, expected "audience" alone`);
  }
  if (!isNamed && audience !== undefined) {
    fault(
      context,
      ["audience"],
      `tokens of profile "${name}" name no audience, expected "clients" in its place`,
    );
  }
  if (!isNamed && clients === undefined) {
    fault(
      context,
      ["clients"],
      `is missing: tokens of profile "${name}" name no audience, expected the client ids to take`,
    );
  }
  if (grants !== undefined && !profile.grants.includes(grants)) {
    fault(
      context,
      ["grants"],
      `profile "${name}" has no "${grants}", expected ${profile.grants.join(" or ")}`,
    );
  }
  if (grantAudience === undefined && grantsOf(issuer) !== "inbound_only") {
    fault(context, ["grantAudience"], "is missing, expected the audience of grant tokens");
  }
  if (opaqueTokens && name !== "rfc9068") {
    fault(context, ["opaqueTokens"], `profile "${name}" is for JWTs, expected false or profile "rfc9068"`);
  }
}

/** Fills in what the profile decides. Tokens that name no audience are for whoever trusts their issuer. */
export function withProfileDefaults<T extends IssuerChoice>(issuer: T) {
  const audience = issuer.audience ?? issuer.issuer;
  // Without grant tokens an execution has the caller's own, for the caller's audience.
  return {
    ...issuer,
    audience,
    grants: grantsOf(issuer),
    grantAudience: issuer.grantAudience ?? audience,
  };
}

function grantsOf({ grants, profile }: IssuerChoice): GrantMode {
  return grants ?? tokenProfiles[profile].grants[0];
}

interface Lifetimes {
  readonly issuers: readonly {
    readonly issuer: string;
    readonly grants: GrantMode;
    readonly maxTokenLifetime: number;
  }[];
  readonly workflows: Readonly<
    Record<
      string,
      {
        readonly limits: {
          readonly tokenLifetime?: number | undefined;
          readonly executionTime?: number | undefined;
        };
      }
    >
  >;
}

/** Faults a workflow whose executions outlive every token they could have: no grant is renewed. */
export function checkLifetimes({ issuers, workflows }: Lifetimes, context: z.core.$RefinementCtx): void {
  for (const [workflow, { limits }] of Object.entries(workflows)) {
    const { executionTime, tokenLifetime = Number.POSITIVE_INFINITY } = limits;
    for (const { issuer, grants, maxTokenLifetime } of issuers) {
      // A workflow's own limit is on callers' tokens: the grant's only where it is the caller's.
      const longest =
        grants === "inbound_only" ? Math.min(maxTokenLifetime, tokenLifetime) : maxTokenLifetime;
      if (executionTime === undefined || executionTime <= longest) continue;
      fault(
        context,
        ["workflows", workflow, "limits", "executionTime"],
        `${executionTime} s is longer than a token of "${issuer}" lives (${longest} s), and no grant is renewed`,
      );
    }
  }
}
