import { createPublicKey, generateKeyPairSync, sign } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readOwnJwt } from "./own-jwt.ts";

const issuer = "http://127.0.0.1:9210";
const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
const signing = {
  jwk: {},
  kid: "k1",
  publicKey: createPublicKey(publicKey.export({ format: "pem", type: "spki" })),
};
const claims = { iss: issuer, sub: "alice", aud: "https://a.example", client_id: "c", exp: 2_000_000_000 };

function issue(payload: object, header: object = { alg: "ES256", typ: "at+jwt", kid: "k1" }): string {
  const input = [header, payload]
    .map((part) => Buffer.from(JSON.stringify(part)).toString("base64url"))
    .join(".");
  const signature = sign("sha256", Buffer.from(input), { key: privateKey, dsaEncoding: "ieee-p1363" });
  return `${input}.${signature.toString("base64url")}`;
}

const read = (token: string) => readOwnJwt(token, issuer, signing);

describe("readOwnJwt", () => {
  test("reads what the server signed, with a nested actor", () => {
    const act = { sub: "gate", act: { sub: "agent" } };
    expect(read(issue({ ...claims, act }))).toMatchObject({ sub: "alice", act });
  });

  test.each([
    ["another typ", { alg: "ES256", typ: "JWT", kid: "k1" }],
    ["another kid", { alg: "ES256", typ: "at+jwt", kid: "k2" }],
    ["another alg", { alg: "none", typ: "at+jwt", kid: "k1" }],
    ["a further header", { alg: "ES256", typ: "at+jwt", kid: "k1", crit: ["b64"], b64: false }],
  ])("refuses %s, though the signature is right", (_name, header) => {
    expect(read(issue(claims, header))).toBeUndefined();
  });

  test.each([
    ["another issuer", { ...claims, iss: "https://elsewhere.example" }],
    ["no expiry", { ...claims, exp: undefined }],
    ["several audiences", { ...claims, aud: ["https://a.example", "https://b.example"] }],
  ])("refuses %s", (_name, payload) => {
    expect(read(issue(payload))).toBeUndefined();
  });

  test("refuses a signed token with any character of header or claims changed", () => {
    const token = issue(claims);
    const signed = token.lastIndexOf(".");
    fc.assert(
      fc.property(fc.nat(signed - 1), fc.constantFrom(..."AZaz09_-"), (index, character) => {
        fc.pre(token[index] !== character);
        expect(read(token.slice(0, index) + character + token.slice(index + 1))).toBeUndefined();
      }),
    );
  });

  test("refuses any other string without throwing", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[\w-]{0,40}(\.[\w-]{0,40}){2}$/)), (text) => {
        expect(read(text)).toBeUndefined();
      }),
    );
  });
});
