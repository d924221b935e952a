import { type ConfigInput, parseConfig } from "../src/config/config.ts";
import type { Subject } from "../src/entry/entry.ts";
import type { Grant } from "../src/execution/execution-state.ts";
import { registerWorkflows, type Workflow } from "../src/policy/workflow.ts";
import type { VerifiedToken } from "../src/token/verified-token.ts";

export const issuer = "https://issuer.example";
export const subject: Subject = { iss: issuer, sub: "ada" };
export const place = { account: "123456789012", region: "eu-west-1" };
export const machineArn = "arn:aws:states:eu-west-1:123456789012:stateMachine:payout";
/** 2026-01-15T12:00:00Z, with milliseconds that a second's resolution would lose. */
export const startDate = Date.UTC(2026, 0, 15, 12) + 123;

/** A valid configuration with one workflow, `payout`, whose policy may be changed. */
export function configInput(payout: Partial<ConfigInput["workflows"][string]> = {}): ConfigInput {
  return {
    issuers: [
      {
        issuer,
        audience: "https://gate.example",
        profile: "rfc9068",
        client: { id: "countersign", secret: "countersign/client" },
        grantAudience: "https://steps.example",
      },
    ],
    workflows: { payout: { stateMachine: "payout", start: { scopes: ["payout:start"] }, ...payout } },
  };
}

/** The registered workflows of {@link configInput}. */
export function workflowsWith(payout: Partial<ConfigInput["workflows"][string]> = {}) {
  return registerWorkflows(parseConfig(configInput(payout)), place);
}

/** The workflow `payout` under a changed policy. */
export function payoutWith(payout: Partial<ConfigInput["workflows"][string]> = {}): Workflow {
  const workflow = workflowsWith(payout).get("payout");
  if (!workflow) throw new Error("payout is not registered");
  return workflow;
}

/** A verified token of Ada, who may start payouts. */
export function tokenWith(change: Partial<VerifiedToken> = {}): VerifiedToken {
  return {
    subject,
    clientId: "payments-app",
    actors: [],
    scopes: ["payout:start"],
    audience: "https://gate.example",
    issuedAt: startDate - 60_000,
    expiresAt: startDate + 3_540_000,
    fingerprint: "v1.k1.inbound",
    claims: { tenant: "acme" },
    personalClaims: { email: "ada@example.com" },
    ...change,
  };
}

/** ARN of an execution of `payout`. */
export function arnOf(name: string): string {
  return `arn:aws:states:eu-west-1:123456789012:execution:payout:${name}`;
}

/** An active grant of Ada's. */
export function grantWith(change: Partial<Grant> = {}): Grant {
  return {
    grantId: "0f0e0d0c-0b0a-4908-8706-050403020100",
    state: "active",
    redriveCount: 0,
    decidedAt: startDate - 250,
    startDate,
    subject,
    actors: [],
    clientId: "payments-app",
    scopes: ["payout:start"],
    identityMode: "exchanged",
    policyVersion: "p1.test",
    expiresAt: startDate + 3_600_000,
    fingerprint: "v1.k1.grant",
    requestHash: "request",
    authorizedBy: "A".repeat(43),
    ...change,
  };
}

/** What a test says of a status event; what it leaves out is as AWS sends it. */
export interface EventFacts {
  readonly executionArn: string;
  readonly status: string;
  readonly startDate?: number;
  readonly redriveCount?: number;
  readonly input?: string | null;
  readonly stateMachineArn?: string;
  readonly detail?: Record<string, unknown>;
}

/** A status event in the shape captured from AWS in 2026. */
export function statusEventWith(facts: EventFacts) {
  const begun = facts.startDate ?? startDate;
  const count = facts.redriveCount ?? 0;
  const isOver = facts.status !== "RUNNING" && facts.status !== "PENDING_REDRIVE";
  const input = facts.input === undefined ? '{"amount":1}' : facts.input;
  const at = begun + count * 60_000 + (isOver ? 5_000 : 0);
  return {
    version: "0",
    id: "315c1398-40ff-a850-213b-158f73e60175",
    "detail-type": "Step Functions Execution Status Change",
    source: "aws.states",
    account: place.account,
    time: `${new Date(at).toISOString().slice(0, 19)}Z`,
    region: place.region,
    resources: [facts.executionArn],
    detail: {
      executionArn: facts.executionArn,
      stateMachineArn: facts.stateMachineArn ?? machineArn,
      name: facts.executionArn.split(":").at(-1),
      status: facts.status,
      startDate: begun,
      stopDate: isOver ? at : null,
      input,
      inputDetails: { included: input !== null },
      output: facts.status === "SUCCEEDED" ? "{}" : null,
      outputDetails: facts.status === "SUCCEEDED" ? { included: true } : null,
      stateMachineVersionArn: null,
      stateMachineAliasArn: null,
      redriveCount: count,
      redriveDate: count === 0 ? null : begun + count * 60_000,
      redriveStatus: "NOT_REDRIVABLE",
      redriveStatusReason: null,
      error: null,
      cause: null,
      ...facts.detail,
    },
  };
}

/** A fresh JWT-shaped string, signed by nobody. */
export function jwtLike(seed: string): string {
  const part = (text: string) => Buffer.from(text).toString("base64url");
  return `${part('{"alg":"ES256","typ":"at+jwt"}')}.${part(`{"sub":"${seed}"}`)}.${part(`sig-${seed}`.padEnd(64, "."))}`;
}
