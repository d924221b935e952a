import { randomBytes } from "node:crypto";
import { expect, test } from "vitest";
import { parseGateKeys } from "./gate-keys.ts";

const gateKey = randomBytes(32);
const fingerprintKey = randomBytes(48);
const whole = {
  keyId: "k1",
  gateKey: gateKey.toString("base64"),
  fingerprintKey: fingerprintKey.toString("base64url"),
};

test("keys are read from either form of base64", () => {
  const keys = parseGateKeys(JSON.stringify(whole));
  expect(keys.fingerprint.keyId).toBe("k1");
  expect(Buffer.from(keys.gateKey)).toEqual(gateKey);
  expect(keys.fingerprint.key.export()).toEqual(fingerprintKey);
});

test.each([
  ["keys", "not JSON, but a secret"],
  ["keys", "null"],
  ["keyId", { ...whole, keyId: "k.1" }],
  ["keyId", { ...whole, keyId: undefined }],
  ["gateKey", { ...whole, gateKey: "short" }],
  ["gateKey", { ...whole, gateKey: "***" }],
  ["fingerprintKey", { ...whole, fingerprintKey: 7 }],
])("a fault in %s is named, and nothing of the secret is said", (field, secret) => {
  const text = typeof secret === "string" ? secret : JSON.stringify(secret);
  const attempt = () => parseGateKeys(text);
  expect(attempt).toThrow(expect.objectContaining({ code: "config.invalid", field }));
  expect(attempt).not.toThrow(new RegExp(`secret|short|${whole.fingerprintKey}`));
});
