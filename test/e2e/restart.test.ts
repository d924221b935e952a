import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { Entry } from "@countersign/core/entry/entry";
import { loopback, type Ports } from "@countersign/local/runtime/ports";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { audience, configInput, freePorts } from "../support/embedded.ts";
import { withEndings } from "../support/endings.ts";
import { eventually } from "../support/eventually.ts";
import { Observer } from "../support/observer.ts";
import {
  processesNaming,
  type RuntimeProcess,
  startProcess,
  writeConfig,
} from "../support/runtime-process.ts";

let folder: string;
let state: string;
let ports: Ports;
let runtime: RuntimeProcess;
let observer: Observer;
let token: string;

/** What was true just before the process was killed. */
let before: {
  readonly entries: readonly Entry[];
  readonly waiting: string;
  readonly waitingToken: string;
  readonly failed: string;
  readonly failedToken: string;
};
let leftRunning: readonly number[];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "countersign-restart-"));
  state = join(folder, "state");
  mkdirSync(state);
  ports = await freePorts();
  writeConfig(folder, withEndings(configInput(loopback(ports.issuer))));
  observer = new Observer({
    issuer: loopback(ports.issuer),
    aws: loopback(ports.aws),
    dynamodb: loopback(ports.dynamodb),
  });
  runtime = await start();
  token = await requestToken();
  before = await killWhileRevoking();
  leftRunning = await eventually("the processes of the killed runtime to end", async () => {
    const left = processesNaming(state);
    return left.length === 0 ? left : undefined;
  }).catch(() => processesNaming(state));
  runtime = await start();
});
afterAll(async () => {
  await runtime?.kill("SIGKILL");
  observer?.close();
  rmSync(folder, { recursive: true, force: true });
});

/**
 * Lets one execution fail while the provider can write nothing, so that its revocation has begun and cannot
 * end, and another wait; then ends the runtime the hard way.
 */
async function killWhileRevoking() {
  const waiting = await startExecution("waits", { seconds: 7 });
  const failed = await startExecution("waits", { seconds: 3600 });
  await Promise.all([waiting, failed].map((arn) => observer.untilEntry(arn, "execution.started")));
  const tokens = await Promise.all([waiting, failed].map((arn) => observer.grantToken(arn)));
  const [waitingToken = "", failedToken = ""] = tokens;
  const provider = new DatabaseSync(join(state, "authorization-server.db"));
  provider.exec("BEGIN IMMEDIATE");
  try {
    await stop(failed);
    await observer.untilEntry(failed, "token.revocation_requested");
    const entries = await observer.allEntries();
    await runtime.kill("SIGKILL");
    return { entries, waiting, waitingToken, failed, failedToken };
  } finally {
    provider.exec("ROLLBACK");
    provider.close();
  }
}

describe("a runtime that is killed", () => {
  it("leaves no process behind, the DynamoDB engine's included", () => {
    expect(leftRunning).toEqual([]);
  });

  it("had begun a revocation and not ended it, and an execution ran", () => {
    const actions = (arn: string) =>
      before.entries.filter(({ executionArn }) => executionArn === arn).map(({ action }) => action);
    expect(actions(before.failed).sort()).toEqual(
      [
        "execution.aborted",
        "execution.authorized",
        "execution.started",
        "execution.stop_requested",
        "token.revocation_requested",
      ].sort(),
    );
    expect(actions(before.waiting).sort()).toEqual(["execution.authorized", "execution.started"]);
  });
});

describe("the runtime started again on its state", () => {
  it("concludes the revocation that was pending", async () => {
    await observer.untilGrant(before.failed, "revoked");
    expect(await observer.introspect(before.failedToken)).toEqual({ active: false });
  });

  it("still knows the tokens that were issued before", async () => {
    expect(await observer.introspect(before.waitingToken)).toMatchObject({ active: true });
    const url = `${loopback(ports.api)}/executions/${encodeURIComponent(before.waiting)}`;
    expect((await fetch(url, { headers: { authorization: `Bearer ${token}` } })).status).toBe(200);
    expect((await startExecution("payout", { amount: 3 })).startsWith("arn:")).toBe(true);
  });

  it("lets the execution that ran go on to its end, and records it", async () => {
    const end = await observer.untilEntry(before.waiting, "execution.succeeded");
    expect(end).toMatchObject({ attribution: "gate", subject: { sub: "payments-app" }, outcome: "success" });
    await observer.untilGrant(before.waiting, "closed");
  });

  it("has every entry it had, unchanged, and none of a fact twice", async () => {
    const after = await observer.allEntries();
    const byId = new Map(after.map((entry) => [entry.entryId, entry]));
    expect(before.entries.map(({ entryId }) => byId.get(entryId))).toEqual(before.entries);
    for (const arn of [before.waiting, before.failed]) {
      const actions = (await observer.entries(arn)).map(({ action }) => action);
      expect(actions).toEqual([...new Set(actions)]);
    }
    expect((await observer.entries(before.failed)).map(({ action }) => action).sort()).toEqual(
      [
        "execution.aborted",
        "execution.authorized",
        "execution.started",
        "execution.stop_requested",
        "token.revocation_accepted",
        "token.revocation_requested",
        "token.revoked",
      ].sort(),
    );
  });

  it("ends at a termination with code 0, and takes everything with it", async () => {
    expect(await runtime.kill("SIGTERM")).toBe(0);
    expect(processesNaming(state)).toEqual([]);
    expect(runtime.stderr()).toBe("");
  });
});

async function start(): Promise<RuntimeProcess> {
  const started = startProcess(["--port", String(ports.api), "--state-dir", state], folder);
  try {
    await started.ready();
    return started;
  } catch (error) {
    await started.kill("SIGKILL");
    throw error;
  }
}

async function requestToken(): Promise<string> {
  const secret = readFileSync(join(state, "clients", "payments-app.secret"), "utf8");
  const response = await fetch(`${loopback(ports.issuer)}/token`, {
    method: "POST",
    headers: { authorization: `Basic ${Buffer.from(`payments-app:${secret}`).toString("base64")}` },
    body: new URLSearchParams({
      grant_type: "client_credentials",
      scope: "payout:start",
      resource: audience,
    }),
  });
  return ((await response.json()) as { access_token: string }).access_token;
}

async function startExecution(workflow: string, input: object): Promise<string> {
  const { executionArn } = await post(`/workflows/${workflow}/executions`, { input }, 201);
  return String(executionArn);
}

async function stop(executionArn: string): Promise<void> {
  await post(`/executions/${encodeURIComponent(executionArn)}/stop`, { reason: "tried out" }, 202);
}

async function post(path: string, body: object, expected: number): Promise<Record<string, unknown>> {
  const response = await fetch(`${loopback(ports.api)}${path}`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}` },
    body: JSON.stringify(body),
  });
  const answer = (await response.json()) as Record<string, unknown>;
  if (response.status !== expected)
    throw new Error(`${path} answered ${response.status} ${answer["detail"]}`);
  return answer;
}
