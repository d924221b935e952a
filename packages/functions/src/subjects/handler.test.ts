import { UnavailableError } from "@countersign/core/error/errors";
import { beforeEach, describe, expect, test } from "vitest";
import { issuer, startDate, subject } from "../../../core/test-support/fixtures.ts";
import { MemoryClock } from "../../../core/test-support/memory-clock.ts";
import { MemoryLedger } from "../../../core/test-support/memory-ledger.ts";
import { MemorySubjects } from "../../../core/test-support/memory-subjects.ts";
import { call, KnownTokens, MemoryLog, type RequestFacts } from "../../test-support/api.ts";
import { type SubjectsDeps, subjectsHandler } from "./handler.ts";

const clock = new MemoryClock(startDate);
const ada = { iss: issuer, sub: "ada@example.com" };
let subjects: MemorySubjects;
let ledger: MemoryLedger;
let tokens: KnownTokens;
beforeEach(() => {
  subjects = new MemorySubjects();
  ledger = new MemoryLedger(clock);
  tokens = new KnownTokens({ scopes: ["operations:write"] });
});

function erase(facts: RequestFacts, change: Partial<SubjectsDeps> = {}) {
  const handler = subjectsHandler({
    clock,
    finder: subjects,
    destroyer: subjects,
    erasures: subjects,
    ledger,
    subjects: "identifier",
    verifier: tokens,
    scopes: ["operations:write"],
    log: new MemoryLog(),
    ...change,
  });
  return call(handler, "POST /operations/subjects/erase", facts);
}

describe("an erasure", () => {
  test("destroys the subject's key, and its entry says who asked and whose it was", async () => {
    subjects.giveKey(ada);
    const { status, body } = await erase({ body: ada });
    expect({ status, found: body["found"] }).toEqual({ status: 200, found: true });
    expect(subjects.hasKey(ada)).toBe(false);
    expect(ledger.entries).toMatchObject([
      {
        entryId: body["entryId"],
        action: "subject.erased",
        outcome: "success",
        subject,
        detail: { erased: ada, found: true },
      },
    ]);
  });

  test("of a subject with a reference names the reference on the record, and neither of both in the answer", async () => {
    const reference = await subjects.pseudonyms.referenceTo(ada);
    subjects.giveKey(reference);
    const { text } = await erase({ body: ada }, { subjects: "pseudonym" });
    expect(subjects.hasKey(reference)).toBe(false);
    expect(await subjects.pseudonyms.find(ada)).toBeUndefined();
    expect(ledger.entries).toMatchObject([{ detail: { erased: reference, found: true } }]);
    expect(JSON.stringify(ledger.entries)).not.toContain(ada.sub);
    for (const name of [ada.sub, reference.sub]) expect(text).not.toContain(name);
  });

  test("of a subject nothing is kept of is on the record, which does not name it where names are personal", async () => {
    const { status, body } = await erase({ body: ada }, { subjects: "pseudonym" });
    expect({ status, found: body["found"] }).toEqual({ status: 200, found: false });
    expect(ledger.entries).toMatchObject([{ action: "subject.erased", detail: { found: false } }]);
    expect(JSON.stringify(ledger.entries)).not.toContain(ada.sub);
  });

  test("does not link a reference of earlier times to a subject that is recorded by name", async () => {
    const reference = await subjects.pseudonyms.referenceTo(ada);
    await erase({ body: ada }, { subjects: "identifier" });
    expect(await subjects.pseudonyms.find(ada)).toBeUndefined();
    expect(JSON.stringify(ledger.entries)).not.toContain(reference.sub);
  });

  test("may be asked for again", async () => {
    subjects.giveKey(ada);
    await erase({ body: ada });
    expect(await erase({ body: ada })).toMatchObject({ status: 200, body: { found: false } });
  });

  test("is not carried out without its record, and stands as an intent", async () => {
    subjects.giveKey(ada);
    const append = async () => {
      throw new UnavailableError("store.unavailable", "the ledger did not answer");
    };
    expect(await erase({ body: ada }, { ledger: { append } })).toMatchObject({ status: 503 });
    expect(subjects.hasKey(ada)).toBe(true);
    expect(subjects.intents.size).toBe(1);
  });
});

describe("a request to erase", () => {
  test("needs the operations scopes; its refusal is on the record, without whom it was about", async () => {
    tokens = new KnownTokens({ scopes: ["audit:read"] });
    subjects.giveKey(ada);
    expect(await erase({ body: ada })).toMatchObject({
      status: 403,
      body: { code: "policy.scope_insufficient" },
    });
    expect(subjects.hasKey(ada)).toBe(true);
    expect(ledger.entries).toMatchObject([{ action: "subject.erased", outcome: "denied", subject }]);
    expect(JSON.stringify(ledger.entries)).not.toContain(ada.sub);
  });

  test("needs a token", async () => {
    expect(await erase({ token: null, body: ada })).toMatchObject({ status: 401 });
    expect(ledger.entries).toEqual([]);
  });

  test.each<[string, unknown, string]>([
    ["no body", undefined, "iss"],
    ["no sub", { iss: issuer }, "sub"],
    ["an empty sub", { iss: issuer, sub: "" }, "sub"],
    ["a sub that is no text", { iss: issuer, sub: 7 }, "sub"],
    ["a sub longer than any", { iss: issuer, sub: "x".repeat(1025) }, "sub"],
    ["a field nobody reads", { ...ada, reason: "asked" }, "body"],
    ["no JSON", "{", "body"],
  ])("with %s is 400, and its answer does not repeat what was sent", async (_name, body, field) => {
    const { status, body: problem, text } = await erase({ body });
    expect({ status, field: problem["field"] }).toEqual({ status: 400, field });
    expect(text).not.toContain(ada.sub);
  });
});
