import { beforeEach, expect, test } from "vitest";
import { arnOf, issuer, startDate } from "../../../core/test-support/fixtures.ts";
import { MemoryClock } from "../../../core/test-support/memory-clock.ts";
import { MemoryLedger } from "../../../core/test-support/memory-ledger.ts";
import { MemoryPseudonyms } from "../../../core/test-support/memory-subjects.ts";
import { call, KnownTokens, MemoryLog } from "../../test-support/api.ts";
import { auditHandler } from "./handler.ts";

const ada = { iss: issuer, sub: "ada@example.com" };
const clock = new MemoryClock(startDate);
let ledger: MemoryLedger;
let pseudonyms: MemoryPseudonyms;
let reference: { iss: string; sub: string };
beforeEach(async () => {
  ledger = new MemoryLedger(clock);
  pseudonyms = new MemoryPseudonyms();
  reference = await pseudonyms.referenceTo(ada);
  await authorized("hers", reference);
  await authorized("the-apps", { iss: issuer, sub: "payments-app" });
});

function authorized(id: string, subject: { iss: string; sub: string }) {
  return ledger.append({
    action: "execution.authorized",
    outcome: "success",
    source: "gate",
    attribution: "gate",
    id,
    occurredAt: clock.now(),
    subject,
    clientId: "payments-app",
    scopes: ["payout:start"],
    workflow: "payout",
    executionArn: arnOf(id),
    redriveCount: 0,
  });
}

async function ask(query: Record<string, string>, scopes = ["audit:read"]) {
  const handler = auditHandler({
    clock,
    reader: ledger,
    ledger,
    pseudonyms,
    verifier: new KnownTokens({ scopes }),
    scopes: ["audit:read"],
    log: new MemoryLog(),
  });
  const answer = await call(handler, "GET /audit/entries", { query });
  const entries = (answer.body["entries"] ?? []) as { id: string }[];
  return { ...answer, ids: entries.map(({ id }) => id) };
}

test.each<[string, () => { iss: string; sub: string }, string[]]>([
  ["a person's own name", () => ada, ["hers"]],
  ["the reference", () => reference, ["hers"]],
  ["the name of a client that acts for itself", () => ({ iss: issuer, sub: "payments-app" }), ["the-apps"]],
  ["a name nobody has", () => ({ iss: issuer, sub: "nobody" }), []],
  ["the person's name at another issuer", () => ({ ...ada, iss: "https://other.example" }), []],
])("%s finds the entries of whoever it is", async (_name, subject, found) => {
  const { status, ids } = await ask(subject());
  expect({ status, ids }).toEqual({ status: 200, ids: found });
});

test("combines with other filters, which apply to the reference's entries", async () => {
  expect((await ask({ ...ada, executionArn: arnOf("hers") })).ids).toEqual(["hers"]);
  expect((await ask({ ...ada, executionArn: arnOf("the-apps") })).ids).toEqual([]);
});

test("neither the answer nor the record of the question has the name that was asked for", async () => {
  const texts = [await ask(ada), await ask({ iss: issuer, sub: "eve@example.com" })].map(({ text }) => text);
  for (const text of [...texts, JSON.stringify(ledger.entries)]) expect(text).not.toContain("@example.com");
});

test("without the audit scope a name says nothing, not even whether it has a reference", async () => {
  const known = await ask(ada, ["payout:start"]);
  const unknown = await ask({ iss: issuer, sub: "nobody@example.com" }, ["payout:start"]);
  expect(known.status).toBe(403);
  expect(known.text).toBe(unknown.text);
});
