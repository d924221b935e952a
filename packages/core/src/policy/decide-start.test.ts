import { describe, expect, test } from "vitest";
import { payoutWith, tokenWith } from "../../test-support/fixtures.ts";
import { RefusedError } from "../error/errors.ts";
import type { VerifiedToken } from "../token/verified-token.ts";
import { decideStart } from "./decide-start.ts";

type Policy = Parameters<typeof payoutWith>[0];

function refusalOf(token: Partial<VerifiedToken>, policy: Policy): RefusedError {
  try {
    decideStart(tokenWith(token), payoutWith(policy));
  } catch (error) {
    if (error instanceof RefusedError) return error;
    throw error;
  }
  throw new Error("the start was allowed");
}

const agent = { sub: "billing-agent" };
const hours = (count: number) => ({ issuedAt: 0, expiresAt: count * 3_600_000 });

describe("a start is allowed", () => {
  test("with every scope the workflow starts with", () => {
    expect(decideStart(tokenWith(), payoutWith())).toEqual({ grantScopes: ["payout:start"] });
    const both = { start: { scopes: ["a", "b"] } };
    expect(decideStart(tokenWith({ scopes: ["b", "c", "a"] }), payoutWith(both)).grantScopes).toEqual([
      "a",
      "b",
    ]);
  });

  test("with the first role, in the order written, whose scopes are all held", () => {
    const roles = {
      admin: { scopes: ["x", "y"] },
      lead: { scopes: ["x"] },
      app: { scopes: ["payout:start"] },
    };
    const roleOf = (...scopes: string[]) =>
      decideStart(tokenWith({ scopes: ["payout:start", ...scopes] }), payoutWith({ roles })).role;
    expect(roleOf("x", "y")).toBe("admin");
    expect(roleOf("x")).toBe("lead");
    expect(roleOf("y")).toBe("app");
  });

  test("for the grant's own scopes, where the workflow names them", () => {
    const decision = decideStart(
      tokenWith({ scopes: ["payout:start", "payments:write"] }),
      payoutWith({ grant: { scopes: ["payments:write"] } }),
    );
    expect(decision.grantScopes).toEqual(["payments:write"]);
  });

  test("for an agent, with the agents' scopes and within the depth", () => {
    const policy: Policy = { agents: { allow: true, scopes: ["agents:use"], maxDelegation: 2 } };
    const token = tokenWith({ actors: [agent, agent], scopes: ["payout:start", "agents:use"] });
    expect(decideStart(token, payoutWith(policy)).grantScopes).toEqual(["payout:start"]);
  });

  test("without the agents' scopes for a subject that acts itself", () => {
    const policy: Policy = { agents: { allow: false, scopes: ["agents:use"] } };
    expect(decideStart(tokenWith(), payoutWith(policy)).grantScopes).toEqual(["payout:start"]);
  });

  test("for a token that lives exactly as long as the limit", () => {
    const decision = decideStart(tokenWith(hours(1)), payoutWith({ limits: { tokenLifetime: "1h" } }));
    expect(decision.grantScopes).toEqual(["payout:start"]);
  });
});

describe("a start is refused", () => {
  test.each<[string, Partial<VerifiedToken>, Policy, string, string]>([
    ["without a start scope", { scopes: ["payout"] }, {}, "policy.scope_insufficient", "scope"],
    ["for an agent where none is allowed", { actors: [agent] }, {}, "policy.agent_refused", "act"],
    [
      "for a delegation that is too deep",
      { actors: [agent, agent] },
      { agents: { allow: true } },
      "policy.delegation_too_deep",
      "act",
    ],
    [
      "for an agent without the agents' scopes",
      { actors: [agent] },
      { agents: { allow: true, scopes: ["agents:use"] } },
      "policy.scope_insufficient",
      "scope",
    ],
    [
      "for a token that lives too long",
      hours(1.001),
      { limits: { tokenLifetime: "1h" } },
      "policy.token_lifetime_exceeded",
      "exp",
    ],
    [
      "without a role",
      {},
      { roles: { admin: { scopes: ["payout:admin"] } } },
      "policy.role_missing",
      "scope",
    ],
    [
      "without the scopes of the grant",
      {},
      { grant: { scopes: ["payments:write"] } },
      "policy.scope_insufficient",
      "scope",
    ],
  ])("%s", (_name, token, policy, code, field) => {
    expect(refusalOf(token, policy)).toMatchObject({ code, field });
  });

  test("with the scopes that would be enough", () => {
    const error = refusalOf({ scopes: ["a"] }, { start: { scopes: ["a", "b", "c"] } });
    expect(error).toMatchObject({ requiredScopes: ["a", "b", "c"], message: '"scope" lacks "b", "c"' });
  });

  test("for the first fault in the order scopes, agents, lifetime, role, grant", () => {
    const policy: Policy = {
      agents: { allow: false },
      limits: { tokenLifetime: "1h" },
      roles: { admin: { scopes: ["payout:admin"] } },
      grant: { scopes: ["payments:write"] },
    };
    const faulty = { scopes: [], actors: [agent], ...hours(2) };
    const mended: Partial<VerifiedToken>[] = [
      {},
      { scopes: ["payout:start"] },
      { actors: [] },
      hours(1),
      { scopes: ["payout:start", "payout:admin"] },
    ];
    const codes = mended.map((_, count) =>
      refusalOf(Object.assign({}, faulty, ...mended.slice(0, count + 1)), policy),
    );
    expect(codes.map(({ code }) => code)).toEqual([
      "policy.scope_insufficient",
      "policy.agent_refused",
      "policy.token_lifetime_exceeded",
      "policy.role_missing",
      "policy.scope_insufficient",
    ]);
    expect(codes.at(-1)?.requiredScopes).toEqual(["payments:write"]);
  });
});
