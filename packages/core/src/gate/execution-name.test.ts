import { describe, expect, test } from "vitest";
import { issuer, subject } from "../../test-support/fixtures.ts";
import { executionName } from "./execution-name.ts";

const gateKey = Buffer.alloc(32, 1);
const source = { subject, clientId: "payments-app", workflow: "payout", idempotencyKey: "key-1" };

describe("an execution's name", () => {
  test("is one Step Functions takes, and the same for the same caller and key", () => {
    expect(executionName(source, gateKey)).toMatch(/^cs-[A-Za-z0-9_-]{43}$/);
    expect(executionName({ ...source }, gateKey)).toBe(executionName(source, gateKey));
  });

  test("differs by subject, issuer, client, workflow, Idempotency-Key and gate key", () => {
    const names = [
      executionName(source, gateKey),
      executionName({ ...source, subject: { iss: issuer, sub: "eve" } }, gateKey),
      executionName({ ...source, subject: { iss: `${issuer}/b`, sub: subject.sub } }, gateKey),
      executionName({ ...source, clientId: "other-app" }, gateKey),
      executionName({ ...source, workflow: "refund" }, gateKey),
      executionName({ ...source, idempotencyKey: "key-2" }, gateKey),
      executionName({ ...source, workflow: 'payout","key-1', idempotencyKey: "" }, gateKey),
      executionName(source, Buffer.alloc(32, 2)),
    ];
    expect(new Set(names).size).toBe(names.length);
  });
});
