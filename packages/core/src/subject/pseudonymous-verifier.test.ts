import fc from "fast-check";
import { beforeEach, describe, expect, test } from "vitest";
import { issuer, tokenWith } from "../../test-support/fixtures.ts";
import { GateWorld } from "../../test-support/gate-world.ts";
import { MemoryPseudonyms } from "../../test-support/memory-subjects.ts";
import type { VerifiedToken } from "../token/verified-token.ts";
import { createPseudonymousVerifier } from "./pseudonymous-verifier.ts";
import { isReference, newReference } from "./pseudonyms.ts";

const person = { iss: issuer, sub: "ada@example.com" };
let pseudonyms: MemoryPseudonyms;
beforeEach(() => {
  pseudonyms = new MemoryPseudonyms();
});

function verified(change: Partial<VerifiedToken>): Promise<VerifiedToken> {
  const verifier = { verify: async () => tokenWith(change) };
  return createPseudonymousVerifier(verifier, pseudonyms, () => "countersign").verify("raw");
}

describe("a verified subject", () => {
  test("is named by its reference, the same each time; what the provider calls it stands beside", async () => {
    const token = await verified({ subject: person });
    expect(token.subject).toEqual(await pseudonyms.find(person));
    expect(isReference(token.subject.sub)).toBe(true);
    expect(token.providerSubject).toEqual(person);
    expect((await verified({ subject: person })).subject).toEqual(token.subject);
  });

  test("that is the token's own client keeps its name", async () => {
    const client = { iss: issuer, sub: "payments-app" };
    expect(await verified({ subject: client, clientId: "payments-app" })).toMatchObject({ subject: client });
    expect(pseudonyms.references.size).toBe(0);
  });

  test("that is named like another client is not taken for a client", async () => {
    const { subject } = await verified({ subject: { iss: issuer, sub: "countersign" } });
    expect(isReference(subject.sub)).toBe(true);
  });

  test("can't take another's reference for its name, not even as a client", async () => {
    const { subject: victim } = await verified({ subject: person });
    const asPerson = await verified({ subject: victim });
    const asClient = await verified({ subject: victim, clientId: victim.sub });
    for (const token of [asPerson, asClient]) expect(token.subject.sub).not.toBe(victim.sub);
  });
});

describe("an actor", () => {
  const actorsOf = async (change: Partial<VerifiedToken>) => (await verified(change)).actors;

  test("that is the token's client or Countersign's own keeps its name", async () => {
    const actors = [{ sub: "payments-app" }, { iss: issuer, sub: "countersign" }];
    expect(await actorsOf({ actors, clientId: "payments-app" })).toEqual(actors);
  });

  test("that may be a person is named by the reference it has as a subject", async () => {
    const [actor, withIssuer] = await actorsOf({ actors: [{ sub: person.sub }, person] });
    const reference = await pseudonyms.find(person);
    expect(actor).toEqual({ sub: reference?.sub });
    expect(withIssuer).toEqual(reference);
  });

  test("of another issuer is not the client of that name", async () => {
    const [actor] = await actorsOf({ actors: [{ iss: "https://other.example", sub: "payments-app" }] });
    expect(isReference(actor?.sub ?? "")).toBe(true);
  });
});

test("no name of a person is in the recorded part of a token, whatever the names are", async () => {
  const name = fc.string({ minLength: 3, maxLength: 40 }).map((text) => `person:${text}`);
  await fc.assert(
    fc.asyncProperty(name, fc.array(name, { maxLength: 4 }), async (sub, others) => {
      const { providerSubject, ...recorded } = await verified({
        subject: { iss: issuer, sub },
        actors: others.map((other) => ({ sub: other })),
      });
      expect(providerSubject?.sub).toBe(sub);
      const names = [recorded.subject.sub, ...recorded.actors.map((actor) => actor.sub)];
      expect(names.every(isReference)).toBe(true);
    }),
  );
});

test("references are never given twice, and only what has their form is taken for one", () => {
  const given = Array.from({ length: 1000 }, newReference);
  expect(new Set(given).size).toBe(1000);
  expect(given.every(isReference)).toBe(true);
  for (const sub of ["psn_", "ada", `psn_${"a".repeat(23)}`, `x${given[0]}`])
    expect(isReference(sub)).toBe(false);
});

describe("a start under a reference", () => {
  test("is exchanged and checked for the provider's subject, whom nothing that is kept or sent on names", async () => {
    const world = new GateWorld();
    const provided = { iss: issuer, sub: world.provider.subject.sub };
    const token = await verified({ subject: provided, claims: {}, personalClaims: {} });
    const { grant } = await world.start({ token });
    expect(grant.subject).toEqual(token.subject);
    expect(world.text).not.toContain(`"${provided.sub}"`);
    expect(world.text).toContain(token.subject.sub);
  });

  test("is refused when the exchanged token is another person's", async () => {
    const world = new GateWorld();
    const token = await verified({ subject: { iss: issuer, sub: "eve" } });
    await expect(world.start({ token })).rejects.toMatchObject({ code: "provider.grant_mismatch" });
  });
});
