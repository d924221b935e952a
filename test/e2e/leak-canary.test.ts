import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { StartExecutionCommand } from "@aws-sdk/client-sfn";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Embedded, grantAudience, startEmbedded } from "../support/embedded.ts";
import { withEndings } from "../support/endings.ts";
import { eventually } from "../support/eventually.ts";
import { hostileTokens } from "../support/hostile-tokens.ts";
import { recordHttpAnswers } from "../support/http-answers.ts";
import { type Hit, LeakCanary } from "../support/leak-canary.ts";
import { plant } from "../support/leak-planting.ts";
import { allSinks, fileSinks } from "../support/leak-sinks.ts";
import { Observer } from "../support/observer.ts";
import { recordOutput } from "../support/output.ts";
import { sendBodies, statusEvent } from "../support/status-events.ts";

/** Where a secret has its home, and why; nowhere else may it be. */
const homes: readonly (readonly [secret: RegExp, sink: RegExp, why: string])[] = [
  [/^client secret of /, /^file clients\/[\w%-]+\.secret$/, "what the caller's own program reads"],
  [/^initial access token$/, /^file clients\/initial-access-token$/, "what registers clients reads it"],
  [/^KMS key$/, /^file kms\.key$/, "stands in for the hardware that holds it"],
  [/^around /, /^file aws\.db(-wal)?$/, "Step Functions' and EventBridge's own stores: others put it there"],
  [/^around /, /^execution /, "Step Functions answers what others gave it"],
  [/^around /, /^file queues\/fauxqs\.db(-wal)?$/, "SQS, through which the event came"],
];

const canary = new LeakCanary();
const output = recordOutput();
const http = recordHttpAnswers();
const sfnArn = (name: string) => `arn:aws:states:us-east-1:000000000000:stateMachine:${name}`;

let embedded: Embedded;
let observer: Observer;
let token: string;
const around: string[] = [];
const gated: string[] = [];
let statuses: Record<string, number>;

beforeAll(async () => {
  embedded = await startEmbedded({
    change: (config) => {
      const agent = { scopes: ["payout:start"], agent: true };
      const clients = { ...config.local?.clients, "billing-agent": agent };
      return withEndings({ ...config, local: { ...config.local, clients } });
    },
  });
  observer = new Observer(embedded.runtime.urls);
  await registerStanding();
  token = await embedded.caller.token("payments-app", "payout:start");
  statuses = await refusals();
  await lives();
  await goAroundTheGate();
  await malformedEvents();
  await embedded.runtime.idle();
  await providerRefuses();
  registerIssued();
});
afterAll(async () => {
  http.stop();
  output.stop();
  observer?.close();
  await embedded?.close();
});

/** Secrets that stand before anything happens. */
async function registerStanding(): Promise<void> {
  const file = (name: string) => readFileSync(join(embedded.stateDirectory, name));
  for (const id of Object.keys(embedded.config.local.clients))
    canary.register(`client secret of ${id}`, file(`clients/${encodeURIComponent(id)}.secret`));
  canary.register("initial access token", file("clients/initial-access-token"));
  canary.register("KMS key", file("kms.key"));
  canary.register("Countersign's client secret", await observer.secret("countersign/oauth-client"));
  const keys = JSON.parse(await observer.secret("countersign/keys")) as Record<string, string>;
  for (const name of ["gateKey", "fingerprintKey"]) {
    canary.register(name, keys[name] ?? "");
    canary.register(`${name}, decoded`, Buffer.from(keys[name] ?? "", "base64"));
  }
}

/** Every token that the provider gave out, grant tokens among them: its own answers tell. */
function registerIssued(): void {
  const issued = http.answers.filter(({ port }) => port === embedded.ports.issuer);
  let count = 0;
  for (const { body, path } of issued.filter(({ path }) => path.startsWith("/token"))) {
    const answer = JSON.parse(body || "{}") as Record<string, unknown>;
    for (const name of ["access_token", "refresh_token", "id_token"]) {
      if (typeof answer[name] !== "string" || answer[name] === aroundToken) continue;
      count += 1;
      canary.register(`issued ${count} (${path})`, answer[name]);
    }
  }
}

/** Requests that are refused, each with a token somewhere in it; the status of each. */
async function refusals(): Promise<Record<string, number>> {
  const seen: Record<string, number> = {};
  for (const [name, authorization] of hostileTokens(token)) {
    canary.register(`refused: ${name}`, authorization.replace(/^(Bearer|Basic|DPoP) /, ""));
    seen[name] = await post("/workflows/payout/executions", { input: {} }, { authorization });
  }
  const path = `/workflows/${token}/executions`;
  const query = `access_token=${token}&cursor=${token}`;
  const arn = encodeURIComponent(`${sfnArn("payout").replace("stateMachine", "execution")}:x`);
  const operator = { authorization: `Bearer ${await embedded.caller.token("operator", "operations:write")}` };
  const auditor = { authorization: `Bearer ${await embedded.caller.token("auditor", "audit:read")}` };
  const opaque = await grantAudienceToken();
  const reports = await embedded.caller.token("reports-app", "reports:read");
  const start = "/workflows/payout/executions";
  return {
    ...seen,
    input: await post(start, { input: { deep: [{ note: `see ${token}` }] } }),
    "input name": await post(start, { input: { [token]: 1 } }),
    "input JSON": await post(start, { input: { text: JSON.stringify({ access_token: token }) } }),
    "unknown field": await post(start, { input: {}, [token]: token }),
    "broken body": await post(start, `{"input": {"a": "${token}"`),
    "no object": await post(start, JSON.stringify(token)),
    "workflow path": await post(path, { input: {} }),
    "execution path": await get(`/executions/${token}`),
    "unknown path": await get(`/${token}`),
    "start's query": await post(`${start}?${query}`, { input: { [token]: 1 } }),
    "audit query": await get(`/audit/entries?${query}`, auditor),
    "audit filter": await get(`/audit/entries?executionArn=${token}&limit=${token}`, auditor),
    cursor: await get(`/audit/entries?cursor=${token}`, auditor),
    "Idempotency-Key": await post(start, { input: { amount: 0, [token]: 1 } }, { "idempotency-key": token }),
    "long key": await post(start, { input: {} }, { "idempotency-key": `${token} ${token}` }),
    "user agent": await post(start, { input: { countersign: 1 } }, { "user-agent": token, cookie: token }),
    "stop reason": await post(`/executions/${arn}/stop`, { reason: token }),
    "redriven ids": await post("/operations/dead-letters/redrive", { ids: [token] }, operator),
    "redrive limit": await get(`/operations/dead-letters?limit=${token}`, operator),
    "grant's audience": await post(start, { input: {} }, { authorization: `Bearer ${opaque}` }),
    scope: await post(start, { input: {} }, { authorization: `Bearer ${reports}` }),
  };
}

/** Executions through the gate, to each kind of end; one with a repeated key, one by an agent. */
async function lives(): Promise<void> {
  const { caller } = embedded;
  const key = { "idempotency-key": "the-same-again" };
  for (const status of [201, 200])
    expect(await post("/workflows/payout/executions", { input: { amount: 5 } }, key)).toBe(status);
  const failed = await startWith(token, "payout", { amount: 2_000_000 });
  const timedOut = await startWith(token, "times-out", {});
  const agent = await startWith(await agentToken(), "payout", { amount: 6 });
  await Promise.all([
    observer.untilGrant(failed, "revoked"),
    observer.untilGrant(timedOut, "revoked"),
    observer.untilGrant(agent, "closed"),
  ]);
  for (const arn of [failed, timedOut, agent]) await caller.describe(token, arn);
  await caller.entries(await caller.token("auditor", "audit:read"), failed);
}

let aroundToken: string;

/** Executions that others start, with a token of theirs in the data. */
async function goAroundTheGate(): Promise<void> {
  aroundToken = await embedded.caller.token("other-app", "payout:start");
  canary.register("around the gate", aroundToken);
  const padding = "x".repeat(255_000);
  for (const input of [
    { amount: 5, token: aroundToken },
    { amount: aroundToken },
    { amount: 5, note: { deep: [`Bearer ${aroundToken}`] }, padding },
  ]) {
    const command = new StartExecutionCommand({
      stateMachineArn: sfnArn("payout"),
      input: JSON.stringify(input),
    });
    around.push((await embedded.sfn.send(command)).executionArn ?? "");
  }
  await Promise.all(around.map((arn) => observer.untilEntry(arn, "token.found_in_data")));
}

/** Events that nobody can record, with the token wherever one could be. */
async function malformedEvents(): Promise<void> {
  const held = { input: JSON.stringify({ aroundToken }), output: aroundToken, cause: aroundToken };
  const broken = (detail: Record<string, unknown>, envelope = {}) =>
    JSON.stringify(statusEvent({ name: "m", status: "FAILED", detail: { ...held, ...detail }, envelope }));
  await sendBodies(embedded.sqs, embedded.runtime.queueUrls.statusEvents, [
    `{"detail": "${aroundToken}"`,
    JSON.stringify({ detail: aroundToken, [aroundToken]: 1 }),
    broken({ startDate: aroundToken, error: aroundToken }),
    broken({ input: { token: aroundToken } }),
    broken({ stateMachineArn: aroundToken }, { resources: [aroundToken], time: aroundToken }),
    broken({ [aroundToken]: { deep: [[aroundToken]] }, redriveCount: -1 }),
    JSON.stringify(statusEvent({ name: "held", status: "FAILED", detail: { ...held, error: aroundToken } })),
  ]);
}

/** The provider no longer takes Countersign's client: starts fail, and so does a revocation. */
async function providerRefuses(): Promise<void> {
  const waiting = await startWith(token, "waits", { seconds: 3600 });
  await observer.untilEntry(waiting, "execution.started");
  const { authorizationServer: server } = embedded.runtime;
  const [old] = await server.listClientSecrets("countersign");
  canary.register("a further client secret", (await server.addClientSecret("countersign")).secret);
  await server.retireClientSecret("countersign", old?.secretId ?? "");
  expect(await post("/workflows/payout/executions", { input: { amount: 7 } })).toBeGreaterThanOrEqual(500);
  expect(await post(`/executions/${encodeURIComponent(waiting)}/stop`, {})).toBe(202);
  await observer.untilEntry(waiting, "token.revocation_requested");
  await eventually("the revoker to fail", async () =>
    embedded.logs.some((line) => line.startsWith("revoker:") && /"level":"(WARN|ERROR)"/.test(line))
      ? true
      : undefined,
  );
  await sleep(100);
}

describe("a run with every token and secret marked", () => {
  it("had what it takes: every refusal was one, and the tokens were many", async () => {
    const taken = Object.entries(statuses).filter(([, status]) => status < 400 || status >= 500);
    expect(taken).toEqual([["redriven ids", 200]]);
    expect([statuses["input"], statuses["input name"], statuses["input JSON"]]).toEqual([422, 422, 422]);
    expect(canary.size).toBeGreaterThan(40);
    for (const arn of gated) {
      const bytes = Buffer.from(await observer.grantToken(arn));
      expect(canary.search([{ name: "seal", bytes }])).not.toEqual([]);
    }
  });

  it("left none of them anywhere but in its own home", async () => {
    expect(leaks(canary.search(await allSinks(embedded, http.answers, output.text())))).toEqual([]);
  });

  it("reported the tokens that others put into data, by place and kind", async () => {
    for (const arn of around) {
      const found = (await observer.entries(arn)).filter(({ action }) => action === "token.found_in_data");
      expect(found.length).toBeGreaterThan(0);
      for (const { detail, attribution } of found) {
        expect(attribution).toBe("none");
        expect(detail?.["shapes"]).toContainEqual({ path: expect.any(String), kind: expect.any(String) });
      }
    }
  });
});

describe("the search itself", () => {
  it("finds a secret in every kind of sink", async () => {
    const secret = `planted-${randomBytes(24).toString("base64url")}`;
    await plant(embedded, secret);
    await embedded.caller.start(token, "payout", { amount: 5 });
    // No answer of ours repeats a secret that it was sent, so one is put into an answer.
    Object.assign(http.answers.at(-1) ?? {}, { port: embedded.ports.api, body: secret });
    const planted = new LeakCanary();
    planted.register("planted", secret);
    const found = new Set(
      planted
        .search(await allSinks(embedded, http.answers, output.text()))
        .map(({ sink }) => sink.replace(/[ ,].*/, "")),
    );
    expect([...found].sort()).toEqual(["answer", "execution", "file", "log", "output", "queue", "table"]);
    const files = planted.search(fileSinks(embedded.stateDirectory)).map(({ sink }) => sink);
    expect(new Set(files.map((name) => name.replace(/-wal$/, "")))).toEqual(
      new Set(["file aws.db", "file dynamodb.db", "file queues/fauxqs.db", "file notes/planted.txt"]),
    );
  });
});

function leaks(hits: readonly Hit[]): Hit[] {
  return hits.filter(
    (hit) => !homes.some(([secret, sink]) => secret.test(hit.secret) && sink.test(hit.sink)),
  );
}

async function startWith(by: string, workflow: string, input: object): Promise<string> {
  const { status, body } = await embedded.caller.start(by, workflow, input);
  expect([status, body["detail"]]).toEqual([201, undefined]);
  const executionArn = String(body["executionArn"]);
  gated.push(executionArn);
  return executionArn;
}

async function post(
  path: string,
  body: object | string,
  headers: Record<string, string> = {},
): Promise<number> {
  return call("POST", path, headers, typeof body === "string" ? body : JSON.stringify(body));
}

async function get(path: string, headers: Record<string, string> = {}): Promise<number> {
  return call("GET", path, headers);
}

async function call(method: string, path: string, headers: Record<string, string>, body?: string) {
  const response = await fetch(`${embedded.runtime.urls.api}${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, ...headers },
    ...(body !== undefined && { body }),
  });
  await response.text();
  return response.status;
}

async function requestFromProvider(client: string, form: Record<string, string>): Promise<string> {
  const secret = readFileSync(join(embedded.stateDirectory, "clients", `${client}.secret`), "utf8");
  const response = await fetch(`${embedded.runtime.urls.issuer}/token`, {
    method: "POST",
    headers: { authorization: `Basic ${Buffer.from(`${client}:${secret}`).toString("base64")}` },
    body: new URLSearchParams(form),
  });
  const answer = (await response.json()) as Record<string, string>;
  if (!answer["access_token"]) throw new Error(`the provider answered ${answer["error_description"]}`);
  return answer["access_token"];
}

function agentToken(): Promise<string> {
  return requestFromProvider("billing-agent", {
    grant_type: "urn:ietf:params:oauth:grant-type:token-exchange",
    subject_token: token,
    subject_token_type: "urn:ietf:params:oauth:token-type:access_token",
    resource: embedded.config.issuers[0]?.audience ?? "",
    scope: "payout:start",
  });
}

/** An opaque token for the steps' audience, which is not the gate's. */
function grantAudienceToken(): Promise<string> {
  return requestFromProvider("payments-app", {
    grant_type: "client_credentials",
    scope: "payout:start",
    resource: grantAudience,
  });
}
