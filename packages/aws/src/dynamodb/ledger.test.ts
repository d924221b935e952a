import { DynamoDBClient, PutItemCommand, ScanCommand, UpdateItemCommand } from "@aws-sdk/client-dynamodb";
import { buildEntry, type EntryFields } from "@countersign/core/entry/build-entry";
import { entryKey } from "@countersign/core/entry/entry-key";
import { IntegrityError, UnavailableError } from "@countersign/core/error/errors";
import type { Question } from "@countersign/core/ledger/ledger";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { loopback, startDynamoDB, type TestDynamoDB } from "../../test-support/dynamodb.ts";
import { Hangup, startJsonEndpoint } from "../../test-support/json-endpoint.ts";
import { startLosingProxy } from "../../test-support/lost-answers.ts";
import { authorizedFields, sampleExecutionArn, statusFields } from "../../test-support/sample-entries.ts";
import { createLedgerReader, createLedgerWriter } from "./ledger.ts";
import { entryItem, scopeRows } from "./ledger-item.ts";

let db: TestDynamoDB;
beforeAll(async () => {
  db = await startDynamoDB();
});
afterAll(() => db[Symbol.asyncDispose]());

const at = Date.UTC(2026, 1, 3);
let now = at;
const clock = { now: () => now };
const source = () => ({ dynamodb: db.client, table: db.ledger, clock });
const append = (fields: EntryFields) => createLedgerWriter(source()).append(fields);
const window = { from: at - 1000, to: at + 86_400_000, limit: 50 };
const query = (question: Question) => createLedgerReader(source()).query(question, window);
const ofExecution = async (executionArn: string) => (await query({ by: "execution", executionArn })).entries;

describe("append", () => {
  test("32 concurrent writers of one fact leave one entry, and all succeed", async () => {
    const executionArn = sampleExecutionArn();
    const fields = statusFields(executionArn, "execution.started");
    const results = await Promise.all(
      Array.from({ length: 32 }, (_, index) =>
        append({ ...fields, source: index % 2 ? "event" : "reconcile" }),
      ),
    );
    expect(results.filter(({ result }) => result === "appended")).toHaveLength(1);
    expect(new Set(results.map(({ entryId }) => entryId)).size).toBe(1);
    expect(await ofExecution(executionArn)).toHaveLength(1);
  });

  test("the same fact recorded later from another source is existing, and the first stays", async () => {
    const executionArn = sampleExecutionArn();
    const fields = authorizedFields(executionArn);
    await append(fields);
    now = at + 5000;
    const again = await append({ ...fields, source: "reconcile", occurredAt: fields.occurredAt + 5 });
    now = at;
    expect(again.result).toBe("existing");
    const [entry] = await ofExecution(executionArn);
    expect(entry).toMatchObject({ source: "gate", recordedAt: at });
    const found = await query({ by: "scope", scope: "payments:write" });
    expect(found.entries.filter((one) => one.executionArn === executionArn)).toHaveLength(1);
  });

  test("a fact with other content is a conflict that names the fields and no values", async () => {
    const executionArn = sampleExecutionArn();
    await append(statusFields(executionArn, "execution.started"));
    const other = statusFields(executionArn, "execution.started", {
      clientId: "another-client",
      detail: { extra: "secretish" },
    });
    const error = await append(other).catch((cause: unknown) => cause);
    expect(error).toBeInstanceOf(IntegrityError);
    expect((error as IntegrityError).code).toBe("ledger.fact_conflict");
    expect((error as Error).message).toMatch(/it differs in clientId, detail\.extra$/);
    expect((error as Error).message).not.toMatch(/another-client|secretish/);
  });

  test("bytes are stored verbatim, and nothing else of the entry but its keys", async () => {
    const fields = authorizedFields(sampleExecutionArn());
    await append(fields);
    const { entry, bytes } = buildEntry(fields, at);
    const { Items = [] } = await db.client.send(new ScanCommand({ TableName: db.ledger }));
    const stored = Items.find((item) => item["pk"]?.S === entryKey(entry).pk);
    expect(Buffer.from(stored?.["e"]?.B ?? "")).toEqual(Buffer.from(bytes));
    expect(Object.keys(stored ?? {}).sort()).toEqual(["c", "d", "e", "g", "pk", "s", "sk", "t", "w"]);
  });

  test("an entry with overflow is read back whole, and a second try of it is existing", async () => {
    const executionArn = sampleExecutionArn();
    const detail = { shapes: Array.from({ length: 200 }, (_, n) => "x".repeat(100) + n) };
    const fields = authorizedFields(executionArn, { detail });
    await append(fields);
    expect((await append(fields)).result).toBe("existing");
    const [entry] = await ofExecution(executionArn);
    expect(entry?.detail).toEqual(detail);
    expect(entry?.overflow?.fields).toEqual(["detail"]);
  });

  test("another detail is a conflict even where it overflowed", async () => {
    const executionArn = sampleExecutionArn();
    const shapes = (mark: string) => ({ shapes: Array.from({ length: 200 }, () => mark.repeat(100)) });
    const fields = authorizedFields(executionArn, { detail: shapes("a") });
    await append(fields);
    await expect(append({ ...fields, detail: shapes("b") })).rejects.toMatchObject({
      code: "ledger.fact_conflict",
    });
  });

  test("an entry whose answer is lost is found to stand, once, when it is tried again", async () => {
    await using proxy = await startLosingProxy(db.endpoint);
    const dynamodb = new DynamoDBClient({ ...loopback, endpoint: proxy.url });
    const executionArn = sampleExecutionArn();
    proxy.lose = 1;
    const fields = statusFields(executionArn, "execution.started");
    const appended = await createLedgerWriter({ dynamodb, table: db.ledger, clock }).append(fields);
    expect(appended.result).toBe("existing");
    expect(await ofExecution(executionArn)).toHaveLength(1);
    dynamodb.destroy();
  });

  test("a store that does not answer is unavailable", async () => {
    await using endpoint = await startJsonEndpoint({
      PutItem: () => {
        throw new Hangup();
      },
    });
    const dynamodb = new DynamoDBClient({ ...loopback, endpoint: endpoint.url, maxAttempts: 1 });
    const writer = createLedgerWriter({ dynamodb, table: "ledger", clock });
    await expect(
      writer.append(statusFields(sampleExecutionArn(), "execution.started")),
    ).rejects.toBeInstanceOf(UnavailableError);
    dynamodb.destroy();
  });
});

describe("query", () => {
  test("a scope row whose entry was never written is skipped", async () => {
    const fields = authorizedFields(sampleExecutionArn(), { scopes: ["first", "dangling"] });
    for (const row of scopeRows(buildEntry(fields, at).entry)) {
      await db.client.send(new PutItemCommand({ TableName: db.ledger, Item: row }));
    }
    expect(await query({ by: "scope", scope: "dangling" })).toEqual({ entries: [] });
  });

  test.each([1, 3])("pages of %i go on past any number of rows without an entry", async (limit) => {
    const scope = `mostly-dangling-${limit}`;
    const written: string[] = [];
    for (let n = 0; n < 12; n++) {
      now = at + n * 1000;
      const fields = authorizedFields(sampleExecutionArn(), { scopes: ["first", scope] });
      if (n % 4 === 0) written.unshift((await append(fields)).entryId);
      else {
        const [row] = scopeRows(buildEntry(fields, now).entry);
        await db.client.send(new PutItemCommand({ TableName: db.ledger, Item: row }));
      }
    }
    now = at;
    const reader = createLedgerReader(source());
    const seen: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await reader.query(
        { by: "scope", scope },
        { ...window, limit, ...(cursor && { cursor }) },
      );
      seen.push(...page.entries.map(({ entryId }) => entryId));
      cursor = page.cursor;
    } while (cursor);
    expect(seen).toEqual(written);
  });

  test("a scope row left by a refused second record does not lend the entry its scope", async () => {
    const executionArn = sampleExecutionArn();
    const fields = authorizedFields(executionArn, { scopes: ["held", "held-too"] });
    await append(fields);
    await expect(append({ ...fields, scopes: ["held", "not-held"] })).rejects.toBeInstanceOf(IntegrityError);
    expect(await query({ by: "scope", scope: "not-held" })).toEqual({ entries: [] });
  });

  test.each([
    ["altered bytes", "SET e = :v", { B: new TextEncoder().encode("{") }],
    ["bytes of another entry", "SET e = :v", "other"],
    ["another time", "SET t = :v", { S: "1770000000000#AAAAAAAA" }],
  ])("%s are an integrity error", async (_, update, value) => {
    const executionArn = sampleExecutionArn();
    const fields = statusFields(executionArn, "execution.started");
    await append(fields);
    const { pk, sk } = entryKey(fields);
    const other = buildEntry(statusFields(sampleExecutionArn(), "execution.started"), at).bytes;
    await db.client.send(
      new UpdateItemCommand({
        TableName: db.ledger,
        Key: { pk: { S: pk }, sk: { S: sk } },
        UpdateExpression: update,
        ExpressionAttributeValues: { ":v": typeof value === "string" ? { B: other } : value },
      }),
    );
    await expect(ofExecution(executionArn)).rejects.toMatchObject({
      name: "IntegrityError",
      code: "ledger.entry_unreadable",
    });
    // Later questions by time would stumble over it too.
    await db.client.send(
      new PutItemCommand({ TableName: db.ledger, Item: entryItem(buildEntry(fields, at)) }),
    );
  });

  test("a missing overflow item is an integrity error", async () => {
    const executionArn = sampleExecutionArn();
    const detail = { shapes: Array.from({ length: 200 }, () => "y".repeat(100)) };
    const stored = buildEntry(authorizedFields(executionArn, { detail }), at);
    await db.client.send(new PutItemCommand({ TableName: db.ledger, Item: entryItem(stored) }));
    await expect(ofExecution(executionArn)).rejects.toMatchObject({ code: "ledger.entry_unreadable" });
  });

  test("an execution's entries run from its newest instance to its oldest, then what the gate did", async () => {
    const executionArn = sampleExecutionArn();
    const again = { startDate: 1_780_000_000_000, occurredAt: 1_780_000_000_000 };
    await append(authorizedFields(executionArn));
    await append(statusFields(executionArn, "execution.started"));
    await append(statusFields(executionArn, "execution.succeeded", { occurredAt: 1_770_000_000_500 }));
    await append(statusFields(executionArn, "execution.started", again));
    const reader = createLedgerReader(source());
    const question = { by: "execution", executionArn } as const;
    const seen: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await reader.query(question, { ...window, limit: 1, ...(cursor && { cursor }) });
      seen.push(...page.entries.map((entry) => `${entry.action} ${entry.startDate ?? "-"}`));
      cursor = page.cursor;
    } while (cursor);
    expect(seen).toEqual([
      "execution.started 1780000000000",
      "execution.succeeded 1770000000000",
      "execution.started 1770000000000",
      "execution.authorized -",
    ]);
  });
});

describe("cursor", () => {
  const question = { by: "client", clientId: "paged" } as const;

  async function firstCursor(): Promise<string> {
    for (let n = 0; n < 2; n++) await append(authorizedFields(sampleExecutionArn(), { clientId: "paged" }));
    const { cursor } = await createLedgerReader(source()).query(question, { ...window, limit: 1 });
    return cursor ?? "";
  }

  test("one of another question or window is refused", async () => {
    const reader = createLedgerReader(source());
    const cursor = await firstCursor();
    const refusal = { name: "InvalidInputError", code: "request.malformed", field: "cursor" };
    const other = reader.query({ by: "client", clientId: "other" }, { ...window, limit: 1, cursor });
    await expect(other).rejects.toMatchObject(refusal);
    const moved = reader.query(question, { ...window, from: window.from + 1, limit: 1, cursor });
    await expect(moved).rejects.toMatchObject(refusal);
  });

  test.each([
    "",
    "e30",
    "not base64!",
    Buffer.from('["a","b"]').toString("base64url"),
  ])("%j is refused", async (cursor) => {
    const page = createLedgerReader(source()).query(question, { ...window, cursor });
    await expect(page).rejects.toMatchObject({ code: "request.malformed" });
  });
});
