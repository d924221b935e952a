import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readIntrospection } from "./introspection.ts";

const issuer = "https://id.example";
const sound = {
  active: true,
  sub: "alice",
  client_id: "countersign",
  scope: "a b",
  aud: "https://payments.example",
  exp: 1_700_000_000,
  act: { sub: "countersign", act: { iss: "https://agents.example", sub: "agent" } },
};

test("a sound response is read whole", () => {
  expect(readIntrospection(sound, issuer)).toEqual({
    active: true,
    evidence: "introspection",
    subject: { iss: issuer, sub: "alice" },
    clientId: "countersign",
    scopes: ["a", "b"],
    audiences: ["https://payments.example"],
    actors: [{ sub: "countersign" }, { iss: "https://agents.example", sub: "agent" }],
    expiresAt: 1_700_000_000_000,
  });
});

test.each([
  false,
  undefined,
  null,
  "true",
  1,
  {},
])("active %j is not active, whatever else stands there", (active) => {
  expect(readIntrospection({ ...sound, active }, issuer)).toEqual({ active: false });
});

describe("what is malformed is left out", () => {
  test.each<[string, object, object]>([
    ["no sub", { sub: undefined }, { subject: undefined }],
    ["an empty sub", { sub: "" }, { subject: undefined }],
    ["a sub that is a number", { sub: 7 }, { subject: undefined }],
    [
      "another iss, which stays",
      { iss: "https://other.example" },
      { subject: { iss: "https://other.example", sub: "alice" } },
    ],
    ["an iss that is null", { iss: null }, { subject: undefined }],
    ["a client_id that is a list", { client_id: ["countersign"] }, { clientId: undefined }],
    ["no scope", { scope: undefined }, { scopes: [] }],
    ["a scope that is a list", { scope: ["a"] }, { scopes: [] }],
    ["a scope with spaces to spare", { scope: " a  b " }, { scopes: ["a", "b"] }],
    ["no aud", { aud: undefined }, { audiences: [] }],
    ["several aud", { aud: ["a", "b"] }, { audiences: ["a", "b"] }],
    ["several aud of which one is a number", { aud: ["a", 1] }, { audiences: ["a"] }],
    ["an act without sub", { act: { iss: issuer } }, { actors: [] }],
    ["an act with a malformed act inside", { act: { sub: "a", act: "b" } }, { actors: [] }],
    ["no exp", { exp: undefined }, { expiresAt: undefined }],
    ["an exp in text", { exp: "1700000000" }, { expiresAt: undefined }],
    ["an exp with a fraction", { exp: 1.5 }, { expiresAt: undefined }],
    ["an exp past exact milliseconds", { exp: Number.MAX_SAFE_INTEGER }, { expiresAt: undefined }],
  ])("%s", (_what, changes, facts) => {
    expect(readIntrospection({ ...sound, ...changes }, issuer)).toMatchObject(facts);
  });
});

test("no response makes it fail", () => {
  const claims = fc.dictionary(fc.constantFrom(...Object.keys(sound), "iss"), fc.jsonValue());
  fc.assert(
    fc.property(claims, (response) => {
      const read = readIntrospection({ ...response, active: true }, issuer);
      expect(read.active && (read.expiresAt === undefined || Number.isSafeInteger(read.expiresAt))).toBe(
        true,
      );
    }),
  );
});
