import { createHash } from "node:crypto";
import { ReceiveMessageCommand } from "@aws-sdk/client-sqs";
import { redactEvent } from "@countersign/core/recorder/redact-event";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Embedded, startEmbedded } from "../support/embedded.ts";
import { Observer } from "../support/observer.ts";
import { executionArn, sendBodies, statusEvent } from "../support/status-events.ts";

/** In every payload of a malformed event, and nowhere else. */
const canary = "canary-4f1d-payload";
const payloads = { input: `{"note":"${canary}"}`, output: `"${canary}"`, cause: canary };

const malformed: readonly (readonly [fault: string, body: string])[] = [
  ["no JSON", `{"detail": ${canary}`],
  ["a list", JSON.stringify([canary])],
  ["no detail", JSON.stringify({ ...statusEvent({ name: "m", status: "RUNNING" }), detail: null })],
  ["no startDate", broken({ startDate: undefined })],
  ["a startDate that is text", broken({ startDate: "2026-01-01T00:00:00Z" })],
  ["an execution ARN that is none", broken({ executionArn: "payout" })],
  ["a status that is none", broken({ status: `running ${canary.length}` })],
  ["a negative redriveCount", broken({ redriveCount: -1 })],
  ["another detail-type", broken({}, { "detail-type": "Something Else" })],
  ["a time that is none", broken({}, { time: "yesterday" })],
  ["an input that is no text", broken({ input: { note: canary } })],
];

interface Letter {
  readonly id: string;
  readonly code: string;
  readonly reason: string;
  readonly sha256: string;
  readonly bytes: number;
  readonly receiveCount: number;
  readonly redrivable: boolean;
}

let embedded: Embedded;
let observer: Observer;
let operator: string;
let letters: readonly Letter[];

beforeAll(async () => {
  embedded = await startEmbedded();
  observer = new Observer(embedded.runtime.urls);
  operator = await embedded.caller.token("operator", "operations:write");
  const bodies = malformed.map(([, body]) => body);
  await sendBodies(embedded.sqs, embedded.runtime.queueUrls.statusEvents, bodies);
  await embedded.runtime.idle();
  letters = await list();
});
afterAll(async () => {
  observer.close();
  await embedded.close();
});

describe("a malformed status event", () => {
  it.each(malformed)("with %s is a dead letter with its reason, hash and size", (_fault, body) => {
    const letter = letters.find(({ sha256 }) => sha256 === hashOf(body));
    expect(letter).toMatchObject({
      code: "event.malformed",
      bytes: Buffer.byteLength(body),
      receiveCount: 1,
    });
    expect(letter?.id).toMatch(/^[0-9a-f-]{36}$/);
    expect(letter?.reason).toMatch(/^the message is not JSON$|^"[\w.-]+"/);
  });

  it("leaves nothing of its payload in the queue of dead letters or a log", async () => {
    const kept = await rawLetters();
    expect(kept).toHaveLength(malformed.length);
    expect(kept.join("\n")).not.toContain(canary);
    expect(embedded.logs.join("\n")).not.toContain(canary);
  });

  it("records nothing", async () => {
    expect(await observer.entries(executionArn("m"))).toEqual([]);
  });
});

describe("a redrive through the API", () => {
  it("is refused without the scope", async () => {
    const auditor = await embedded.caller.token("auditor", "audit:read");
    expect((await call("POST", "/redrive", { ids: [] }, auditor)).status).toBe(403);
  });

  it("brings a letter to the recorder again, and keeps one whose body could not be read", async () => {
    const readable = letterOf("no startDate");
    const unreadable = letterOf("no JSON");
    const { status, body } = await call("POST", "/redrive", { ids: [readable.id, unreadable.id] });
    expect([status, body]).toEqual([200, { redriven: [readable.id], kept: [unreadable.id] }]);
    await embedded.runtime.idle();

    const now = await list();
    expect(now).toHaveLength(malformed.length);
    expect(now.map(({ id }) => id)).not.toContain(readable.id);
    const again = now.filter(({ id }) => !letters.some((letter) => letter.id === id));
    expect(again.map(({ code, reason }) => [code, reason])).toEqual([["event.malformed", readable.reason]]);
  });

  it("records the event of a letter that an outage had caused", async () => {
    const detail = { error: "Payout.Declined", cause: `refused: Bearer ${"a1".repeat(12)}` };
    const event = JSON.stringify(statusEvent({ name: "outage", status: "FAILED", detail }));
    const letter = {
      id: "0f1e2d3c-outage",
      queue: "status-events",
      reason: { code: "store.unavailable", message: "the table did not answer" },
      sha256: hashOf(event),
      bytes: event.length,
      receiveCount: 10,
      at: Date.now(),
      redrivable: redactEvent(event),
    };
    await sendBodies(embedded.sqs, embedded.runtime.queueUrls.deadLetters, [JSON.stringify(letter)]);
    expect((await call("POST", "/redrive", { ids: [letter.id] })).body).toEqual({
      redriven: [letter.id],
      kept: [],
    });
    await embedded.runtime.idle();
    const entries = await observer.entries(executionArn("outage"));
    expect(entries.map(({ action }) => action)).toEqual(["execution.failed", "token.found_in_data"]);
    expect(entries[1]?.detail).toEqual({ shapes: [{ path: "cause", kind: "bearer" }] });
    expect((await list()).map(({ id }) => id)).not.toContain(letter.id);
  });

  it("is itself recorded, with who asked for it", async () => {
    const entries = await observer.allEntries();
    const redrives = entries.filter(({ action }) => action === "dead_letter.redriven");
    expect(redrives.map(({ detail }) => detail?.["letters"])).toContainEqual(["0f1e2d3c-outage"]);
    const subjects = redrives.map(({ outcome, subject }) => `${outcome} ${subject?.sub}`);
    expect(new Set(subjects)).toEqual(new Set(["denied auditor", "success operator"]));
    for (const { outcome, scopes } of redrives)
      expect(scopes).toEqual([outcome === "denied" ? "audit:read" : "operations:write"]);
  });
});

function broken(detail: Record<string, unknown>, envelope: Record<string, unknown> = {}): string {
  return JSON.stringify(
    statusEvent({ name: "m", status: "SUCCEEDED", detail: { ...payloads, ...detail }, envelope }),
  );
}

function hashOf(body: string): string {
  return createHash("sha256").update(body).digest("base64url");
}

function letterOf(fault: string): Letter {
  const body = malformed.find(([name]) => name === fault)?.[1] ?? "";
  const letter = letters.find(({ sha256 }) => sha256 === hashOf(body));
  if (!letter) throw new Error(`no letter for ${fault}`);
  return letter;
}

async function list(): Promise<readonly Letter[]> {
  return (await call("GET", "?limit=100")).body["deadLetters"] as Letter[];
}

async function call(method: string, path: string, body?: object, token = operator) {
  const response = await fetch(`${embedded.runtime.urls.api}/operations/dead-letters${path}`, {
    method,
    headers: { authorization: `Bearer ${token}` },
    ...(body && { body: JSON.stringify(body) }),
  });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

/** The bodies as they lie in the queue; a short look that hides nothing. */
async function rawLetters(): Promise<string[]> {
  const bodies = new Map<string, string>();
  for (let look = 0; look < 2; look += 1) {
    const { Messages = [] } = await embedded.sqs.send(
      new ReceiveMessageCommand({
        QueueUrl: embedded.runtime.queueUrls.deadLetters,
        MaxNumberOfMessages: 10,
        VisibilityTimeout: 1,
      }),
    );
    for (const { MessageId = "", Body = "" } of Messages) bodies.set(MessageId, Body);
  }
  await new Promise((resolve) => setTimeout(resolve, 1_100));
  return [...bodies.values()];
}
