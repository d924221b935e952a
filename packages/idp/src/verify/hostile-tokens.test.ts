import { RefusedError } from "@countersign/core/error/errors";
import type { TokenVerifier } from "@countersign/core/token/verified-token";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { expectNoSecret, rejectionOf } from "../../test-support/error-text.ts";
import type { Forgery } from "../../test-support/forgery.ts";
import { refusedAtSight } from "../../test-support/hostile-form.ts";
import { nearMisses, wrongClaims, wronglySigned } from "../../test-support/hostile-tokens.ts";
import { type ScriptedProvider, startScriptedProvider } from "../../test-support/scripted-provider.ts";
import { generateKey } from "../../test-support/token-forge.ts";
import { accessToken, keySet, soundClaims, verifierFor } from "../../test-support/verifier.ts";

const now = Math.floor(Date.now() / 1000);
const published = { es256: generateKey("ES256"), rs256: generateKey("RS256") };
let provider: ScriptedProvider;
let verifier: TokenVerifier;
let forgery: Forgery;
beforeAll(async () => {
  provider = await startScriptedProvider();
  provider.answers.set("/jwks", { json: keySet(published.es256, published.rs256) });
  verifier = verifierFor(provider.issuer, { now: () => now * 1000 });
  const claims = soundClaims(provider.issuer, now * 1000);
  forgery = { ...published, foreign: generateKey("ES256"), issuer: provider.issuer, now, claims };
});
afterAll(() => provider.close());

async function expectRefusal(token: string, code: string, field: string | undefined): Promise<void> {
  const error = await rejectionOf(verifier.verify(token));
  expect(error).toBeInstanceOf(RefusedError);
  expect(error).toMatchObject({ code, field, definition: { status: 401, retryable: false } });
  expectNoSecret(error, [token]);
}

describe("is refused at sight", () => {
  test.each(refusedAtSight)("%s: %s", async (_what, code, field, make) => {
    const before = provider.requests.length;
    await expectRefusal(make(forgery), code, field);
    expect(provider.requests.length).toBe(before);
  });
});

describe("is refused for its signature", () => {
  test.each(wronglySigned)("%s: %s", (_what, code, field, make) => expectRefusal(make(forgery), code, field));
});

describe("is refused for its claims", () => {
  test.each(wrongClaims)("%s: %s", (_what, code, field, make) => expectRefusal(make(forgery), code, field));
});

describe("is verified", () => {
  test.each(nearMisses)("%s", async (_what, make) => {
    expect(await verifier.verify(make(forgery))).toMatchObject({
      subject: { sub: "alice" },
      clientId: "web",
    });
  });
});

test("a sound token with any one character changed is refused", async () => {
  const sound = accessToken(published.es256, provider.issuer);
  const character = fc.constantFrom(..."ABCXYZabcxyz0189-_.=~+/");
  await fc.assert(
    fc.asyncProperty(fc.nat(sound.length - 1), character, async (at, put) => {
      fc.pre(sound[at] !== put);
      const error = await rejectionOf(verifier.verify(sound.slice(0, at) + put + sound.slice(at + 1)));
      expect(error).toBeInstanceOf(RefusedError);
    }),
    { numRuns: 300 },
  );
});

test("any text is refused, never a fault of the verifier", async () => {
  const json = fc.jsonValue().map((value) => Buffer.from(JSON.stringify(value)).toString("base64url"));
  const segments = fc.array(fc.oneof(json, fc.base64String(), fc.string()), { maxLength: 6 });
  await fc.assert(
    fc.asyncProperty(segments, async (parts) => {
      expect(await rejectionOf(verifier.verify(parts.join(".")))).toBeInstanceOf(RefusedError);
    }),
    { numRuns: 300 },
  );
});
