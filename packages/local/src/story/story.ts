import { setTimeout as sleep } from "node:timers/promises";
import { styleText } from "node:util";
import { SFNClient, StartExecutionCommand } from "@aws-sdk/client-sfn";
import type { Config } from "@countersign/core/config/config";
import { clientOf } from "../runtime/provision.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { account, region } from "../wire/account.ts";
import { type Answer, Caller } from "./caller.ts";
import { createInvestigator } from "./investigator.ts";

const patienceMs = 30_000;

/**
 * Plays the main job against a runtime over real HTTP and tells it line by line: a start, a refusal, a failure
 * whose token dies while its sibling's lives, and a start around the gate.
 *
 * Nothing is assumed: each line says what was seen. Ends at its next line or look once `stopping` is aborted.
 *
 * @throws {Error} when something else was seen, and the signal's reason.
 */
export async function tellStory(
  runtime: Runtime,
  config: Config,
  say: (line: string) => void,
  stopping: AbortSignal,
): Promise<void> {
  const audience = config.issuers[0]?.audience ?? "";
  const caller = new Caller(runtime, audience);
  const investigator = createInvestigator(runtime, config);
  try {
    const auditor = await caller.token("auditor", "audit:read");
    const told = new Telling(caller, auditor, say, stopping);
    await told.succeeds();
    await told.isRefused();
    await told.failsBesideItsSibling(investigator);
    await told.goesAroundTheGate(runtime);
  } finally {
    investigator.close();
  }
}

class Telling {
  readonly #caller: Caller;
  readonly #auditor: string;
  readonly #say: (line: string) => void;
  readonly #stopping: AbortSignal;

  constructor(caller: Caller, auditor: string, say: (line: string) => void, stopping: AbortSignal) {
    this.#caller = caller;
    this.#auditor = auditor;
    this.#say = say;
    this.#stopping = stopping;
  }

  async succeeds(): Promise<void> {
    this.#heading("payments-app holds payout:start and starts the workflow payout");
    const token = await this.#caller.token("payments-app", "payout:start");
    const arn = started(await this.#caller.start(token, "payout", { amount: 1_250 }));
    this.#fact(`201, as subject payments-app: ${shortName(arn)}`);
    await this.#until(token, arn, "SUCCEEDED");
    this.#fact("it SUCCEEDED, and its grant is closed");
  }

  async isRefused(): Promise<void> {
    this.#heading("reports-app holds reports:read only, and tries the same");
    const token = await this.#caller.token("reports-app", "reports:read");
    const { status, body } = await this.#caller.start(token, "payout", { amount: 1_250 });
    expect(status === 403, `403, got ${status}`);
    this.#fact(`${status} ${String(body["code"])}: ${String(body["detail"])}; nothing was started`);
  }

  async failsBesideItsSibling(investigator: ReturnType<typeof createInvestigator>): Promise<void> {
    this.#heading("payments-app starts two executions with one token; the second one fails");
    const token = await this.#caller.token("payments-app", "payout:start");
    const sibling = started(
      await this.#caller.start(token, "payout", { amount: 2_500, settleAfterSeconds: 4 }),
    );
    const failing = started(await this.#caller.start(token, "payout", { amount: 2_000_000 }));
    const seen = await this.#until(token, failing, "FAILED");
    this.#fact(`${shortName(failing)} FAILED with ${String(seen["error"])}`);
    await this.#untilEntry(failing, "token.revoked");
    const dead = await investigator.examine(failing);
    expect(!dead.active && dead.gateAnswer === 401, `a dead token, got active ${dead.active}`);
    this.#fact(
      `its grant token is dead: introspection says active ${dead.active}, the gate answers ${dead.gateAnswer} ${dead.gateCode}`,
    );
    const alive = await investigator.examine(sibling);
    const { body } = await this.#caller.describe(token, sibling);
    expect(alive.active, "a live token for the sibling");
    this.#fact(
      `${shortName(sibling)} is ${String(body["status"])}, and its own grant token is active: ${alive.active}`,
    );
    await this.#until(token, sibling, "SUCCEEDED");
    this.#fact("it ran on unharmed and SUCCEEDED");
  }

  async goesAroundTheGate(runtime: Runtime): Promise<void> {
    this.#heading("somebody with AWS rights starts payout around the gate");
    const client = new SFNClient(clientOf(runtime.urls.aws));
    try {
      const stateMachineArn = `arn:aws:states:${region}:${account}:stateMachine:payout`;
      const { executionArn = "" } = await client.send(
        new StartExecutionCommand({ stateMachineArn, input: JSON.stringify({ amount: 900 }) }),
      );
      const entry = await this.#untilEntry(executionArn, "execution.succeeded");
      this.#fact(
        `${shortName(executionArn)} ran, and is recorded unattributed (attribution ${String(entry["attribution"])})`,
      );
    } finally {
      client.destroy();
    }
  }

  #heading(text: string): void {
    this.#say(`\n${styleText("bold", text)}`);
  }

  #fact(text: string): void {
    this.#say(`  ${styleText("green", "✓")} ${text}`);
  }

  async #until(token: string, executionArn: string, status: string): Promise<Answer["body"]> {
    return eventually(`${shortName(executionArn)} to be ${status}`, this.#stopping, async () => {
      const { body } = await this.#caller.describe(token, executionArn);
      return body["status"] === status ? body : undefined;
    });
  }

  async #untilEntry(executionArn: string, action: string): Promise<Answer["body"]> {
    return eventually(`an entry ${action}`, this.#stopping, async () => {
      const entries = await this.#caller.entries(this.#auditor, executionArn);
      return entries.find((entry) => entry["action"] === action);
    });
  }
}

function started({ status, body }: Answer): string {
  expect(status === 201, `201, got ${status} ${String(body["code"])}: ${String(body["detail"])}`);
  return String(body["executionArn"]);
}

async function eventually<T>(
  what: string,
  stopping: AbortSignal,
  look: () => Promise<T | undefined>,
): Promise<T> {
  const deadline = Date.now() + patienceMs;
  while (Date.now() < deadline) {
    const seen = await look();
    if (seen !== undefined) return seen;
    await sleep(100, undefined, { signal: stopping });
  }
  throw new Error(`waited ${patienceMs / 1000} s in vain for ${what}`);
}

function expect(condition: boolean, what: string): void {
  if (!condition) throw new Error(`the story expected ${what}`);
}

/** An execution's name, shortened for a line of text. */
function shortName(executionArn: string): string {
  const name = executionArn.slice(executionArn.lastIndexOf(":") + 1);
  return name.length > 16 ? `${name.slice(0, 15)}…` : name;
}
