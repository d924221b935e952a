import { generateKeyPairSync } from "node:crypto";
import { CountersignError } from "@countersign/core/error/errors";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { expectNoSecret, rejectionOf } from "../../test-support/error-text.ts";
import { unusedUrl } from "../../test-support/http-listener.ts";
import {
  type Answer,
  discoveryPath,
  metadataOf,
  type ScriptedProvider,
  startScriptedProvider,
} from "../../test-support/scripted-provider.ts";
import { type ForgeKey, generateKey, publicJwk } from "../../test-support/token-forge.ts";
import { accessToken, keySet, verifierFor } from "../../test-support/verifier.ts";

const first = generateKey("ES256", "first");
const second = generateKey("ES256", "second");
const unavailable = { name: "UnavailableError", code: "provider.unavailable" };
const unknownKey = {
  name: "RefusedError",
  code: "token.signature_invalid",
  message: "the signature does not verify",
  field: undefined,
};

let provider: ScriptedProvider;
beforeEach(async () => {
  provider = await startScriptedProvider();
  provider.answers.set("/jwks", { json: keySet(first) });
  vi.useFakeTimers({ toFake: ["Date"] });
});
afterEach(async () => {
  vi.useRealTimers();
  await provider.close();
});

const publish = (answer: Answer | readonly Answer[]) => provider.answers.set("/jwks", answer);
const fetches = () => provider.count("/jwks");
const pass = (seconds: number) => vi.setSystemTime(Date.now() + seconds * 1000);

/** Asks for a token signed now: the subject's name, or the error, which must not hold the token. */
function asker(timeoutSeconds = 5) {
  const verifier = verifierFor(provider.issuer, { timeoutSeconds });
  return async (key: ForgeKey, kid = key.kid): Promise<unknown> => {
    const token = accessToken({ ...key, kid }, provider.issuer);
    return verifier.verify(token).then(
      ({ subject }) => subject.sub,
      (error: unknown) => {
        expect(error).toBeInstanceOf(CountersignError);
        expectNoSecret(error, [token]);
        return error;
      },
    );
  };
}

describe("keys", () => {
  test("are fetched once for many tokens at once, and not again for 10 minutes", async () => {
    const ask = asker();
    await Promise.all(Array.from({ length: 20 }, () => ask(first)));
    pass(599);
    expect(await ask(first)).toBe("alice");
    expect(fetches()).toBe(1);
  });

  test("that are withdrawn are refused once 10 minutes have passed", async () => {
    const ask = asker();
    await ask(first);
    publish({ json: keySet(second) });
    pass(600);
    expect(await ask(first)).toMatchObject(unknownKey);
    expect(await ask(second)).toBe("alice");
    expect(fetches()).toBe(2);
  });

  test("that are new are found after the cooldown, beside the old", async () => {
    const ask = asker();
    await ask(first);
    publish({ json: keySet(first, second) });
    pass(29);
    expect(await ask(second)).toMatchObject(unknownKey);
    pass(1);
    expect(await ask(second)).toBe("alice");
    expect(await ask(first)).toBe("alice");
    expect(fetches()).toBe(2);
  });

  test("that can't be fetched anew after 10 minutes are not used any longer", async () => {
    const ask = asker();
    await ask(first);
    publish({ status: 500 });
    pass(600);
    expect(await ask(first)).toMatchObject(unavailable);
  });

  test("that moved are fetched from their new place once the metadata is a day old", async () => {
    const ask = asker();
    await ask(first);
    provider.answers.set(discoveryPath, {
      json: { ...metadataOf(provider.issuer), jwks_uri: `${provider.issuer}/moved` },
    });
    provider.answers.set("/moved", { json: keySet(second) });
    publish({ status: 404 });
    pass(86_399);
    expect(await ask(second)).toMatchObject(unavailable);
    pass(1);
    expect(await ask(second)).toBe("alice");
    expect(await ask(first)).toMatchObject(unknownKey);
  });

  test("known already serve while the issuer fails", async () => {
    const ask = asker();
    await ask(first);
    publish({ status: 500 });
    pass(60);
    expect(await ask(second)).toMatchObject(unavailable);
    expect(await ask(first)).toBe("alice");
  });
});

describe("a storm of tokens with made-up key ids", () => {
  const storm = async (ask: ReturnType<typeof asker>) => {
    const outcomes = new Set<unknown>();
    for (let wave = 0; wave < 10; wave += 1) {
      const kids = Array.from({ length: 20 }, (_, at) => `made-up-${wave}-${at}`);
      const errors = await Promise.all(kids.map((kid) => ask(first, kid)));
      for (const error of errors) outcomes.add((error as { code: string }).code);
    }
    return outcomes;
  };

  test("costs one fetch per cooldown", async () => {
    const ask = asker();
    await ask(first);
    for (const expected of [1, 2, 3]) {
      expect(await storm(ask)).toEqual(new Set(["token.signature_invalid"]));
      expect(fetches()).toBe(expected);
      pass(30);
    }
  });

  test("costs an issuer that fails one fetch per second", async () => {
    const ask = asker();
    await ask(first);
    publish({ status: 500 });
    pass(30);
    for (const expected of [2, 3]) {
      expect(await storm(ask)).toEqual(new Set(["provider.unavailable"]));
      expect(fetches()).toBe(expected);
      pass(1);
    }
  });

  test("costs an issuer that resets connections one fetch per second", async () => {
    const ask = asker();
    publish("reset");
    for (const expected of [1, 2]) {
      expect(await storm(ask)).toEqual(new Set(["provider.unavailable"]));
      expect(fetches()).toBe(expected);
      pass(1);
    }
  });

  test("does not keep the issuer from being asked again once it is well", async () => {
    const ask = asker();
    publish([{ status: 500 }, { json: keySet(first) }]);
    expect(await ask(first)).toMatchObject(unavailable);
    pass(1);
    expect(await ask(first)).toBe("alice");
  });

  test("does not stretch the pause when the clock is set back", async () => {
    const ask = asker();
    publish([{ status: 500 }, { json: keySet(first) }]);
    expect(await ask(first)).toMatchObject(unavailable);
    pass(-60);
    expect(await ask(first)).toBe("alice");
  });
});

const weakRsa = () => ({
  ...generateKeyPairSync("rsa", { modulusLength: 1024 }).publicKey.export({ format: "jwk" }),
  kid: first.kid,
  alg: "RS256",
});

describe("makes the provider unavailable, and no caller unauthorized", () => {
  test.each<[string, () => Answer]>([
    ["500", () => ({ status: 500 })],
    ["404 with a page", () => ({ status: 404, text: "<p>" })],
    ["204", () => ({ status: 204 })],
    ["a redirect to its keys", () => ({ status: 302, headers: { location: "/elsewhere" } })],
    ["a page", () => ({ text: "<p>", headers: { "content-type": "text/html" } })],
    ["half a JSON text", () => ({ text: '{"keys":[' })],
    ["no keys member", () => ({ json: {} })],
    ["keys that are no list", () => ({ json: { keys: {} } })],
    ["keys that are no objects", () => ({ json: { keys: ["first"] } })],
    ["a key without its coordinates", () => ({ json: { keys: [{ ...publicJwk(first), x: undefined }] } })],
    ["a key off the curve", () => ({ json: { keys: [{ ...publicJwk(first), x: publicJwk(first)["y"] }] } })],
    [
      "two keys under one id",
      () => ({ json: { keys: [publicJwk(first), publicJwk(generateKey("ES256", "first"))] } }),
    ],
    [
      "a private key",
      () => ({ json: { keys: [{ ...first.privateKey.export({ format: "jwk" }), kid: first.kid }] } }),
    ],
    ["more than 256 KiB", () => ({ json: { ...keySet(first), padding: "x".repeat(262_144) } })],
    ["nothing, for too long", () => "hang"],
    ["a reset connection", () => "reset"],
  ])("%s in place of keys", async (_what, answer) => {
    publish(answer());
    provider.answers.set("/elsewhere", { json: keySet(first) });
    const error = await asker(answer() === "hang" ? 0.75 : 5)(first);
    expect(error).toMatchObject({ ...unavailable, definition: { status: 503, retryable: true } });
    expect(provider.count("/elsewhere")).toBe(0);
  });

  test("an RSA key too short to trust", async () => {
    publish({ json: { keys: [weakRsa()] } });
    expect(await asker()(generateKey("RS256", first.kid))).toMatchObject(unavailable);
  });

  test.each([
    ["on which nothing listens", unusedUrl],
    ["of plain http on another machine", async () => "http://id.example"],
    ["of another scheme", async () => "file:///etc"],
  ])("a jwks_uri %s", async (_what, url) => {
    provider.answers.set(discoveryPath, {
      json: { ...metadataOf(provider.issuer), jwks_uri: `${await url()}/jwks` },
    });
    expect(await asker()(first)).toMatchObject(unavailable);
  });

  test("metadata that can't be had, until it can", async () => {
    provider.answers.set(discoveryPath, [{ status: 503 }, { json: metadataOf(provider.issuer) }]);
    const ask = asker();
    expect(await ask(first)).toMatchObject(unavailable);
    pass(1);
    expect(await ask(first)).toBe("alice");
  });
});

describe("no key of the issuer", () => {
  test.each<[string, object[]]>([
    ["in an empty set", []],
    ["when the key is for encryption", [{ ...publicJwk(first), use: "enc" }]],
    ["when the key may not verify", [{ ...publicJwk(first), key_ops: ["encrypt"] }]],
    ["when the key is for another algorithm", [{ ...publicJwk(first), alg: "ES384" }]],
    ["when the key has no id", [{ ...publicJwk(first), kid: undefined }]],
    ["when a secret is published under its id", [{ kty: "oct", k: "c2VjcmV0", kid: first.kid }]],
  ])("%s", async (_what, keys) => {
    publish({ json: { keys } });
    expect(await asker()(first)).toMatchObject(unknownKey);
  });

  test("is misled by a key of an unknown kind beside the right one", async () => {
    publish({ json: { keys: [{ kty: "LATTICE", kid: "q" }, publicJwk(first)] } });
    expect(await asker()(first)).toBe("alice");
  });
});

test("a failure to have keys is told apart by its code, without the answer's text", async () => {
  publish({ text: "sk-live" });
  const error = await rejectionOf(verifierFor(provider.issuer).verify(accessToken(first, provider.issuer)));
  expect(error).toMatchObject({ ...unavailable, cause: { code: "ERR_JOSE_GENERIC" } });
  expectNoSecret(error, ["sk-live"]);
});
