import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { startDynamoEngine } from "@countersign/local/dynamodb/engine";
import { clientOf } from "@countersign/local/runtime/provision";
import { startRuntime } from "@countersign/local/runtime/runtime";
import { Caller } from "@countersign/local/story/caller";
import { audience, freePorts, testConfig } from "../support/embedded.ts";
import { benchConfig, client, payout, scope } from "./bench-config.ts";
import { type BilledWrite, BilledWrites } from "./billed-writes.ts";
import { startRecordingProxy } from "./recording-proxy.ts";
import type { Section, Table } from "./report.ts";
import { startRate, subjectsKey } from "./request-name.ts";
import { median } from "./statistics.ts";

const history = 200;
const inFlight = 5;
const targetUnits = 18;

/** What one execution that succeeds costs in write units, the first and after many others. */
export async function benchWriteUnits(): Promise<Section> {
  const closers: (() => unknown)[] = [];
  try {
    const recorded = await startRecorded(closers);
    const { start, writes } = recorded;
    // The subject's key is made at its first start ever, and is no execution's cost.
    const unmeasured = await start();
    await recorded.idle();
    const first = await alone(recorded);
    const between: string[] = [];
    while (between.length < history - 2) {
      const count = Math.min(inFlight, history - 2 - between.length);
      between.push(...(await Promise.all(Array.from({ length: count }, start))));
    }
    await recorded.idle();
    const last = await alone(recorded);
    const key = writes.filter(({ what }) => what === subjectsKey);
    return section({ first, last, key, writes, each: totals(writes, unmeasured) });
  } finally {
    for (const close of closers.reverse()) await close();
  }
}

/** All that is written while one execution runs and nothing else does. */
async function alone({ start, idle, writes }: Recorded): Promise<BilledWrite[]> {
  const from = writes.length;
  await start();
  await idle();
  return writes.slice(from);
}

/** Units of each execution but one: what is written under its name, and its share of the rate's counter. */
function totals(writes: readonly BilledWrite[], unmeasured: string): Map<string, number> {
  const counted = writes.filter(({ what }) => what === startRate).map(({ units }) => units.total);
  const byExecution = new Map<string, number>();
  for (const { execution, units } of writes) {
    if (execution === undefined || execution === unmeasured) continue;
    byExecution.set(execution, (byExecution.get(execution) ?? 0) + units.total);
  }
  if (counted.length !== byExecution.size + 1) {
    throw new Error(`the start rate was counted ${counted.length} times for ${byExecution.size + 1} starts`);
  }
  const oneCount = Math.max(...counted);
  return new Map([...byExecution].map(([execution, units]) => [execution, units + oneCount]));
}

interface Recorded {
  readonly writes: readonly BilledWrite[];
  /** Starts an execution and resolves with its ARN once its end is recorded. */
  start(): Promise<string>;
  idle(): Promise<void>;
}

/** An embedded runtime whose every write passes by, and what starts an execution and sees it through. */
async function startRecorded(closers: (() => unknown)[]): Promise<Recorded> {
  const stateDirectory = mkdtempSync(join(tmpdir(), "countersign-"));
  closers.push(() => rmSync(stateDirectory, { recursive: true, force: true }));
  const engine = await startDynamoEngine({ stateDirectory, dataFile: join(stateDirectory, "bench.db") });
  closers.push(() => engine.stop());
  const dynamodb = new DynamoDBClient(clientOf(engine.endpoint));
  closers.push(() => dynamodb.destroy());
  const billed = new BilledWrites(dynamodb);
  const proxy = await startRecordingProxy(engine.endpoint, (exchange) => billed.add(exchange));
  closers.push(() => proxy.close());
  const ports = await freePorts();
  const runtime = await startRuntime({
    config: testConfig(`http://127.0.0.1:${ports.issuer}`, benchConfig),
    folder: resolve(import.meta.dirname, "../.."),
    stateDirectory,
    ports,
    dynamodbEndpoint: proxy.url,
  });
  closers.push(() => runtime.close());
  const caller = new Caller(runtime, audience);
  const token = await caller.token(client, scope);
  return {
    writes: billed.writes,
    start: () => startAndFinish(caller, token, billed.writes),
    idle: () => runtime.idle(),
  };
}

async function startAndFinish(
  caller: Caller,
  token: string,
  writes: readonly BilledWrite[],
): Promise<string> {
  const { status, body } = await caller.start(token, payout, { amount: 42 });
  const { executionArn } = body as { executionArn?: string };
  if (status !== 201 || executionArn === undefined) throw new Error(`the gate answered ${status}`);
  const isEnd = ({ execution, closes }: BilledWrite) => closes && execution === executionArn;
  const giveUpAt = Date.now() + 30_000;
  while (!writes.some(isEnd)) {
    if (Date.now() > giveUpAt) throw new Error(`the end of ${executionArn} was not recorded in 30 s`);
    await sleep(10);
  }
  return executionArn;
}

interface Found {
  readonly first: readonly BilledWrite[];
  readonly last: readonly BilledWrite[];
  readonly key: readonly BilledWrite[];
  readonly writes: readonly BilledWrite[];
  readonly each: ReadonlyMap<string, number>;
}

const method = `The example workflow is started through the gate ${history} times after one that makes the subject's key, and runs to its success; a proxy before the DynamoDB engine takes down every write the functions really make. Each is billed as DynamoDB does: the item's size before and after, rounded up to the kilobyte, and each index row that comes, goes or changes, rounded up by itself. The first and the last execution run alone and are itemised, the others ${inFlight} at a time.`;

function section(found: Found): Section {
  const { first, last, key, each } = found;
  const usual = median([...each.values()]);
  return {
    name: "write-units",
    title: "Write units",
    method,
    verdicts: [
      {
        figure: "write units of an execution that succeeds, median",
        value: String(usual),
        target: `≤ ${targetUnits}`,
        met: usual <= targetUnits,
      },
      {
        figure: `write units of the 1st and of the ${history}th execution`,
        value: `${sum(first)} and ${sum(last)}`,
        target: "the same",
        met: sum(first) === sum(last),
      },
    ],
    tables: [itemised(`The ${history}th execution:`, last), overview(found), ...dearest(found)],
    notes: [
      `Once for a subject, at its first start: ${sum(key)} for its key. A gate and a recorder that move the same state at the same moment cost a refused write, which is billed, and its repetition.`,
    ],
  };
}

function overview({ first, last, each }: Found): Table {
  const units = [...each.values()];
  const row = {
    executions: units.length,
    least: Math.min(...units),
    median: median(units),
    most: Math.max(...units),
    [`more than ${targetUnits}`]: units.filter((cost) => cost > targetUnits).length,
    "1st": sum(first),
    [`${history}th`]: sum(last),
  };
  return {
    caption: "All executions, in units of each:",
    head: Object.keys(row),
    rows: [Object.values(row).map(String)],
  };
}

/** One of those that cost the most, if any cost more than usual. */
function dearest({ writes, each }: Found): Table[] {
  const [most] = [...each].sort(([, a], [, b]) => b - a);
  if (!most || most[1] === median([...each.values()])) return [];
  const its = writes.filter(({ execution }) => execution === most[0]);
  return [itemised("One that cost the most, without its share of the start rate:", its)];
}

function itemised(caption: string, writes: readonly BilledWrite[]): Table {
  const rows = writes.map(({ what, refused, units }) => [
    refused ? `${what} (refused by its condition)` : what,
    String(units.table),
    Object.entries(units.indexes)
      .map(([name, cost]) => (cost === 1 ? name : `${name} ${cost}`))
      .join(", "),
    String(units.total),
  ]);
  return {
    caption,
    head: ["write", "table", "indexes", "units"],
    rows: [...rows, ["**total**", "", "", `**${sum(writes)}**`]],
  };
}

function sum(writes: readonly BilledWrite[]): number {
  return writes.reduce((total, { units }) => total + units.total, 0);
}
