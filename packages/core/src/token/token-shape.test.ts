import { createHash, randomUUID } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { jwtLike } from "../../test-support/fixtures.ts";
import { findTokenShapes } from "./token-shape.ts";

const jwt = jwtLike("shape");
const base64url = (text: string) => Buffer.from(text).toString("base64url");
const jwe = [base64url('{"alg":"dir","enc":"A256GCM"}'), "", "aXY", "Y2lwaGVydGV4dA", "dGFn"].join(".");
const hex = (length: number) => "a1".repeat(length / 2);

describe("a token shape", () => {
  test.each([
    ["jwt", jwt],
    ["jwt", jwe],
    ["jwt", `the token was ${jwt}, and so on`],
    ["jwt", `${base64url('{"alg":"none"}')}.${base64url('{"sub":"a"}')}.`],
    ["bearer", "Bearer 2YotnFZFEjr1zCsicMWpAA"],
    ["bearer", "authorization: bearer   2YotnFZFEjr1zCsicMWpAA=="],
    ["bearer", "Basic czZCaGRSa3F0MzpnWDFmQmF0M2JW"],
    ["bearer", "DPoP Kz~8mXK1EalYznwH-LC-1fBAo"],
    ["pem_private_key", "-----BEGIN PRIVATE KEY-----\nMIIE"],
    ["pem_private_key", "-----BEGIN RSA PRIVATE KEY-----\nMIIE"],
    ["pem_private_key", "-----BEGIN ENCRYPTED PRIVATE KEY-----"],
    ["prefixed_secret", `ghp_${hex(36)}`],
    ["prefixed_secret", `gho_${hex(36)}`],
    ["prefixed_secret", `ghs_${hex(36)}`],
    ["prefixed_secret", `github_pat_${hex(22)}_${hex(58)}`],
    ["prefixed_secret", `xoxb-${"1".repeat(12)}-abc`],
    ["prefixed_secret", `sk_live_${hex(24)}`],
    ["prefixed_secret", `glpat-${hex(20)}`],
    ["prefixed_secret", `AKIA${"A1".repeat(8)}`],
    ["prefixed_secret", `ya29.${hex(40)}`],
  ] as const)("%s is found in %s", (kind, value) => {
    expect(findTokenShapes(value)).toEqual([{ path: "$", kind }]);
    expect(findTokenShapes({ note: [value] })).toEqual([{ path: "$.note[0]", kind }]);
  });

  test.each([
    "access_token",
    "refreshToken",
    "id_token",
    "token",
    "client_secret",
    "clientSecret",
    "secret",
    "Authorization",
    "password",
    "api_key",
    "apiKey",
    "private-key",
    "client_assertion",
  ])("is a value of credential form in a field named %s", (name) => {
    expect(findTokenShapes({ outer: { [name]: "correct-horse-battery" } })).toEqual([
      { path: `$.outer.${name}`, kind: "credential_field" },
    ]);
    expect(findTokenShapes({ [name]: "short" })).toEqual([]);
    expect(findTokenShapes({ [name]: "a sentence about what goes here" })).toEqual([]);
    expect(findTokenShapes({ [name]: 1_234_567_890_123_456 })).toEqual([]);
  });

  test("is found inside strings that are JSON, however often it is wrapped", () => {
    const wrapped = JSON.stringify({ body: JSON.stringify({ headers: [`Bearer ${"a1".repeat(12)}`] }) });
    expect(findTokenShapes({ message: wrapped })).toEqual([
      { path: "$.message<json>.body<json>.headers[0]", kind: "bearer" },
    ]);
  });

  test("is found behind JSON escapes, also in a text that is a JSON string itself", () => {
    const escaped = `\\u0065${jwt.slice(1)}`;
    expect(findTokenShapes(`{"a":"${escaped}"}`)).toEqual([{ path: "$<json>.a", kind: "jwt" }]);
    expect(findTokenShapes(`"${escaped}"`)).toEqual([{ path: "$<json>", kind: "jwt" }]);
  });

  test("is found where a second member of the same name hides it from JSON.parse", () => {
    expect(findTokenShapes(`{"a":"${jwt}","a":"x"}`)).toEqual([{ path: "$", kind: "jwt" }]);
  });

  test("is found in a field's name, and the name is not repeated", () => {
    const found = findTokenShapes({ a: { [jwt]: 1, [`ghp_${hex(36)}`]: "x" } });
    expect(found).toEqual([
      { path: "$.a.<name>", kind: "jwt" },
      { path: "$.a.<name>", kind: "prefixed_secret" },
    ]);
  });

  test("is found at any depth, under a path of bounded length", () => {
    for (const depth of [10, 70, 5_000, 100_000]) {
      const text = `${'{"quite_a_long_name":'.repeat(depth)}"${jwt}"${"}".repeat(depth)}`;
      const [shape, ...more] = findTokenShapes(JSON.parse(text));
      expect(more).toEqual([]);
      expect(shape?.kind).toBe("jwt");
      expect(shape?.path.length).toBeLessThanOrEqual(257);
    }
  });

  test("is listed in document order, twenty times at most", () => {
    const found = findTokenShapes(Array.from({ length: 1_000 }, () => jwt));
    expect(found.map(({ path }) => path)).toEqual(Array.from({ length: 20 }, (_, index) => `$[${index}]`));
  });

  test.each([
    ["a UUID", randomUUID()],
    ["a SHA-256 in hex", createHash("sha256").update("a").digest("hex")],
    ["a SHA-512 in base64", createHash("sha512").update("a").digest("base64")],
    ["a SHA-256 in base64url", createHash("sha256").update("a").digest("base64url")],
    ["an ARN", "arn:aws:states:eu-west-1:123456789012:execution:payout:cs-2YotnFZFEjr1zCsicMWpAA"],
    ["an ISO date", new Date(0).toISOString()],
    ["a PNG data URL", `data:image/png;base64,iVBORw0KGgo${"eyJhbGciOiJFUzI1NiJ9".repeat(20)}`],
    ["JSON in base64", Buffer.from('{"alg":"ES256"}').toString("base64")],
    ["a public key", "-----BEGIN PUBLIC KEY-----\nMFkw"],
    ["a version", "eyJs.1.2"],
    ["prose", "the bearer of this letter pays by basic means"],
    ["a URL", "https://example.com/a.b.c?state=2YotnFZFEjr1zCsicMWpAA"],
  ])("is not %s", (_name, value) => {
    expect(findTokenShapes({ value, list: [value] })).toEqual([]);
  });

  test("is not a field whose name only holds such a word", () => {
    const value = "correct-horse-battery";
    expect(
      findTokenShapes({ nextToken: value, secretName: value, tokens: value, passwordHint: value }),
    ).toEqual([]);
  });

  test("is not any UUID, hash, number or date", () => {
    const harmless = fc.oneof(
      fc.uuid(),
      fc.date({ noInvalidDate: true }).map((date) => date.toISOString()),
      fc.uint8Array({ minLength: 16, maxLength: 64 }).map((bytes) => Buffer.from(bytes).toString("hex")),
      fc.uint8Array({ minLength: 32, maxLength: 96 }).map((bytes) => Buffer.from(bytes).toString("base64")),
      fc.double().map(String),
    );
    fc.assert(
      fc.property(fc.array(harmless, { maxLength: 5 }), (values) => {
        expect(findTokenShapes({ values, text: values.join(" ") })).toEqual([]);
      }),
    );
  });

  test("never has the value in its finding", () => {
    const secret = fc.constantFrom("jwt", "bearer", "prefixed", "named").map((kind) => {
      const marker = randomUUID().replaceAll("-", "");
      const forms = {
        jwt: jwtLike(marker),
        bearer: `Bearer ${marker}`,
        prefixed: `ghp_${marker}`,
        named: marker,
      };
      return { marker: kind === "jwt" ? (forms.jwt.split(".")[1] ?? "") : marker, value: forms[kind], kind };
    });
    fc.assert(
      fc.property(
        secret,
        fc.json({ maxDepth: 3 }),
        fc.boolean(),
        ({ marker, value, kind }, noise, isWrapped) => {
          const inner = { password: value, list: [value], ...(kind !== "named" && { [value]: value }) };
          const found = findTokenShapes({ noise, deep: isWrapped ? JSON.stringify(inner) : inner });
          expect(found.length).toBeGreaterThan(0);
          expect(JSON.stringify(found)).not.toContain(marker);
        },
      ),
    );
  });

  test("is looked for in arrays and objects of as many members as an input holds", () => {
    const length = 150_000;
    const list = [...Array.from({ length }, () => 1), jwtLike("last")];
    expect(findTokenShapes({ list })).toEqual([{ path: `$.list[${length}]`, kind: "jwt" }]);
    expect(findTokenShapes(`[${"1,".repeat(length)}1]`)).toEqual([]);
    const named = Object.fromEntries(Array.from({ length }, (_, n) => [`n${n}`, n]));
    expect(findTokenShapes(named)).toEqual([]);
  });

  test("is looked for in any value without failing", () => {
    fc.assert(
      fc.property(fc.anything(), (value) => {
        expect(findTokenShapes(value).length).toBeLessThanOrEqual(20);
      }),
    );
  });
});
