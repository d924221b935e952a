import { describe, expect, test } from "vitest";
import { issuer, startDate, subject, tokenWith } from "../../test-support/fixtures.ts";
import { GateWorld } from "../../test-support/gate-world.ts";
import { ScriptedProvider } from "../../test-support/scripted-provider.ts";
import type { IdentityMode } from "../entry/entry.ts";
import type { Introspection } from "../token/identity-provider.ts";
import { checkGrantToken, type ExpectedGrant } from "./check-grant-token.ts";

type Seen = Partial<Extract<Introspection, { active: true }>>;
interface Case {
  readonly mode?: IdentityMode;
  readonly actingShownBy?: "act" | "client";
  readonly seen?: Seen;
  readonly expected?: Partial<ExpectedGrant>;
}

const audience = "https://steps.example";
const scopes = ["payout:start"];
const own = { iss: issuer, sub: "countersign" };

/** Whether a token is taken: undefined, or the claim it is refused for. */
async function fieldRefused({ mode = "exchanged", actingShownBy = "act", seen = {}, expected = {} }: Case) {
  const provider = new ScriptedProvider(subject, startDate);
  provider.identityMode = mode;
  provider.actingShownBy = actingShownBy;
  provider.introspects = seen;
  const issued = await provider.exchange({ subjectToken: "inbound", audience, scopes });
  return checkGrantToken(provider, issued, { subject, audience, scopes, ...expected }).then(
    () => undefined,
    (error: { code: string; field: string }) => `${error.code} ${error.field}`,
  );
}
const mismatch = (field: string) => `provider.grant_mismatch ${field}`;

describe("an exchanged token", () => {
  test("is taken for its subject with who acts in it", async () => {
    expect(await fieldRefused({})).toBeUndefined();
  });

  test.each<[string, string, Case]>([
    ["without act where the provider writes one", "act", { seen: { actors: [] } }],
    ["issued to another client", "client_id", { actingShownBy: "client", seen: { clientId: "other" } }],
    ["issued to no client", "client_id", { actingShownBy: "client", seen: { clientId: undefined } }],
    ["of another sub", "sub", { seen: { subject: { iss: issuer, sub: "eve" } } }],
    ["of another principal", "sub", { seen: { principal: "eve" }, expected: { principal: "ada-oid" } }],
    ["without the principal", "sub", { expected: { principal: "ada-oid" } }],
    [
      "of the same principal at another issuer",
      "sub",
      {
        seen: { principal: "ada-oid", subject: { iss: "https://other.example", sub: "x" } },
        expected: { principal: "ada-oid" },
      },
    ],
    ["for another audience", "aud", { seen: { audiences: ["https://gate.example"] } }],
    ["with a scope more", "scope", { seen: { scopes: [...scopes, "payout:admin"] } }],
  ])("%s is refused", async (_what, field, given) => {
    expect(await fieldRefused(given)).toBe(mismatch(field));
  });

  test.each<[string, Case]>([
    [
      "without act where it is its client that shows who acts",
      { actingShownBy: "client", seen: { actors: [] } },
    ],
    [
      "with another sub for another audience, of the same principal",
      {
        seen: { subject: { iss: issuer, sub: "pairwise" }, principal: "ada-oid" },
        expected: { principal: "ada-oid" },
      },
    ],
  ])("%s is taken", async (_what, given) => {
    expect(await fieldRefused(given)).toBeUndefined();
  });
});

describe("a token of Countersign's own", () => {
  const mode = "client_credentials";
  const sound: Seen = { subject: own, actors: [] };

  test.each<[string, Seen]>([
    ["with its client for a subject", sound],
    [
      "with a subject that its provider made up for the client",
      { ...sound, subject: { iss: issuer, sub: "sa-1" } },
    ],
    ["without a subject", { ...sound, subject: undefined }],
  ])("%s is taken", async (_what, seen) => {
    expect(await fieldRefused({ mode, seen })).toBeUndefined();
  });

  test.each<[string, string, Seen, Partial<ExpectedGrant>?]>([
    ["of another client", "client_id", { ...sound, clientId: "other" }],
    ["that someone acts in", "act", { ...sound, actors: [own] }],
    ["that is the caller's", "sub", { ...sound, subject }],
    [
      "that is the caller's by principal",
      "sub",
      { subject: { iss: issuer, sub: "pairwise" }, actors: [], principal: "ada-oid" },
      { principal: "ada-oid" },
    ],
    ["for another audience", "aud", { ...sound, audiences: [] }],
    ["with a scope less", "scope", { ...sound, scopes: [] }],
  ])("%s is refused", async (_what, field, seen, expected = {}) => {
    expect(await fieldRefused({ mode, seen, expected })).toBe(mismatch(field));
  });

  test("is taken when the caller is Countersign's own client", async () => {
    expect(await fieldRefused({ mode, seen: sound, expected: { subject: own } })).toBeUndefined();
  });
});

describe("a start", () => {
  test("as Countersign itself is recorded for the caller, and as such", async () => {
    const world = new GateWorld();
    world.provider.identityMode = "client_credentials";
    world.provider.introspects = { subject: own, actors: [] };
    expect(await world.start()).toMatchObject({ created: true });
    expect(world.ledger.only("execution.authorized")).toMatchObject({
      subject,
      identityMode: "client_credentials",
    });
    expect(world.provider.issued).toHaveLength(1);
  });

  test("without grants asks the provider for nothing, and is recorded as such", async () => {
    const world = new GateWorld();
    world.provider.identityMode = "inbound_only";
    expect(await world.start()).toMatchObject({ created: true });
    expect(world.ledger.only("execution.authorized")).toMatchObject({
      identityMode: "inbound_only",
      expiresAt: tokenWith().expiresAt,
    });
    expect(world.provider.issued).toEqual([]);
  });

  test("by a caller whose sub differs by audience is granted for the same principal", async () => {
    const world = new GateWorld();
    world.provider.actingShownBy = "client";
    world.provider.introspects = {
      subject: { iss: issuer, sub: "pairwise" },
      principal: "ada-oid",
      actors: [],
    };
    expect(await world.start({ token: tokenWith({ principal: "ada-oid" }) })).toMatchObject({
      created: true,
    });
    expect(world.ledger.only("execution.authorized").subject).toEqual(subject);
  });
});
