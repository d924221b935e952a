import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { executionItem } from "@countersign/aws/dynamodb/execution-item";
import { createExecutionStore } from "@countersign/aws/dynamodb/executions";
import type { Item } from "@countersign/aws/dynamodb/item";
import type { ExecutionState } from "@countersign/core/execution/execution-state";
import { clientOf, names } from "@countersign/local/runtime/provision";
import type { SQSBatchResponse, SQSEvent, SQSRecord } from "aws-lambda";
import { type Put, putAll, readEntries, underAnother } from "./bare-puts.ts";
import { parked } from "./bench-config.ts";
import { type Connection, connect, useFunctionEnvironment } from "./connect.ts";
import { outboundRequests } from "./outbound-requests.ts";
import type { Section, Table } from "./report.ts";
import { median, timed } from "./statistics.ts";
import { executionArn, statusMessage } from "./status-events.ts";

const batchSize = 10;
const executionsPerRound = 60;
const rounds = 9;
const warmUpRounds = 2;
const statuses = ["RUNNING", "SUCCEEDED"] as const;
const targetShare = 0.5;

type Recorder = (event: SQSEvent) => Promise<SQSBatchResponse>;

/** Entries or puts per second, round by round. */
interface Rates {
  readonly RUNNING: number[];
  readonly SUCCEEDED: number[];
  readonly both: number[];
  /** The SDK putting the entries alone. */
  readonly bareEntries: number[];
  /** The SDK putting the entries and the states the recorder moves, counted in entries. */
  readonly bareAll: number[];
}

interface Bench {
  readonly dynamodb: DynamoDBClient;
  readonly record: Recorder;
  /** The state of an execution as the gate leaves it: started, its grant active. */
  readonly active: ExecutionState;
}

/** How fast the recorder is beside the puts it cannot do without. */
export async function benchRecorder(): Promise<Section> {
  const connection = await connect();
  useFunctionEnvironment(connection);
  const { handler: record } = await import("@countersign/functions/lambda/recorder");
  const dynamodb = new DynamoDBClient(clientOf(connection.urls.dynamodb));
  const bench = { dynamodb, record, active: await startThroughGate(connection, dynamodb) };
  const rates: Rates = { RUNNING: [], SUCCEEDED: [], both: [], bareEntries: [], bareAll: [] };
  try {
    for (let round = -warmUpRounds; round < rounds; round += 1) {
      const found = await measureRound(bench);
      if (round < 0) continue;
      for (const [name, rate] of Object.entries(found)) rates[name as keyof Rates].push(rate);
    }
    return section(rates, await requestsOfOne(bench));
  } finally {
    dynamodb.destroy();
    await connection.close();
  }
}

/** One round of each; the bare puts are of copies of what the recorder wrote. */
async function measureRound(bench: Bench): Promise<Record<keyof Rates, number>> {
  const { entries, ...recorder } = await measureRecorder(bench);
  return { ...recorder, ...(await measureBare(bench, entries)) };
}

async function measureRecorder({ dynamodb, record, active }: Bench) {
  const arns = await seedExecutions(dynamodb, active);
  const seconds = { RUNNING: 0, SUCCEEDED: 0 };
  for (const status of statuses) {
    const batches = inBatches(arns.map((arn) => statusMessage(arn, startDateOf(active), status)));
    seconds[status] = (await timed(() => recordAll(record, batches))) / 1000;
  }
  const entries = await readEntries(dynamodb, arns);
  if (entries.length !== arns.length * statuses.length) {
    throw new Error(`the recorder wrote ${entries.length} entries for ${arns.length} executions`);
  }
  return {
    entries,
    RUNNING: arns.length / seconds.RUNNING,
    SUCCEEDED: arns.length / seconds.SUCCEEDED,
    both: entries.length / (seconds.RUNNING + seconds.SUCCEEDED),
  };
}

async function measureBare({ dynamodb, active }: Bench, entries: readonly Item[]) {
  const alone = copies(entries);
  const entrySeconds = (await timed(() => putAll(dynamodb, alone, batchSize))) / 1000;
  const states = Array.from({ length: executionsPerRound }, () => endedState(active));
  const all = [...copies(entries), ...states];
  const allSeconds = (await timed(() => putAll(dynamodb, all, batchSize))) / 1000;
  return { bareEntries: entries.length / entrySeconds, bareAll: entries.length / allSeconds };
}

function copies(entries: readonly Item[]): Put[] {
  return entries.map((item) => ({ table: names.ledger, item: underAnother(item, executionArn()) }));
}

function endedState(active: ExecutionState): Put {
  const state = { ...active, executionArn: executionArn(), status: "SUCCEEDED", open: false };
  return { table: names.state, item: { ...executionItem(state), w: { S: "8letters" } } };
}

async function startThroughGate(
  { urls, token, idle }: Connection,
  dynamodb: DynamoDBClient,
): Promise<ExecutionState> {
  const answer = await fetch(`${urls.api}/workflows/${parked}/executions`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    body: JSON.stringify({ input: {} }),
  });
  const { executionArn: arn = "" } = (await answer.json()) as { executionArn?: string };
  await idle();
  const state = await createExecutionStore({ dynamodb, table: names.state }).get(arn);
  if (!state) throw new Error(`the gate answered ${answer.status} and left no state`);
  return state;
}

async function seedExecutions(dynamodb: DynamoDBClient, active: ExecutionState): Promise<string[]> {
  const store = createExecutionStore({ dynamodb, table: names.state });
  const arns = Array.from({ length: executionsPerRound }, executionArn);
  await Promise.all(arns.map((arn) => store.put({ ...active, executionArn: arn, revision: 1 })));
  return arns;
}

const startDateOf = ({ startDate = 0 }: ExecutionState): number => startDate;

async function recordAll(record: Recorder, batches: readonly SQSRecord[][]): Promise<void> {
  for (const Records of batches) {
    const { batchItemFailures } = await record({ Records });
    if (batchItemFailures.length > 0) throw new Error(`${batchItemFailures.length} events were not recorded`);
  }
}

function inBatches(messages: readonly SQSRecord[]): SQSRecord[][] {
  return Array.from({ length: Math.ceil(messages.length / batchSize) }, (_, index) =>
    messages.slice(index * batchSize, (index + 1) * batchSize),
  );
}

/** What the recorder sends for one batch of each status. */
async function requestsOfOne({ dynamodb, record, active }: Bench): Promise<Map<string, string>> {
  const arns = (await seedExecutions(dynamodb, active)).slice(0, batchSize);
  const requests = new Map<string, string>();
  for (const status of statuses) {
    const Records = arns.map((arn) => statusMessage(arn, startDateOf(active), status));
    const spans = await outboundRequests(() => record({ Records }));
    const counts = Map.groupBy(spans, ({ name }) => name);
    requests.set(status, [...counts].map(([name, all]) => `${all.length} × ${name}`).join(", "));
  }
  return requests;
}

const method = `The recorder's handler, with the dependencies its Lambda entry file builds, takes batches of ${batchSize} status events of executions that the gate started, one batch at a time as one Lambda environment does; the bare SDK puts the same items into the same table and indexes under the same kind of condition with ${batchSize} puts in flight, every ended put followed by another at once. ${rounds} rounds of each in turn after ${warmUpRounds} warm-ups, ${executionsPerRound * statuses.length} entries a round; the items are the entries the recorder has just written, under other executions. The DynamoDB engine is another process; a share is the median of the shares of the rounds.`;

function section(rates: Rates, requests: ReadonlyMap<string, string>): Section {
  const share = shareOf(rates.both, rates.bareEntries);
  return {
    name: "recorder",
    title: "Recorder",
    method,
    verdicts: [
      {
        figure: "recorder's share of the bare puts of its entries",
        value: percent(share),
        target: `≥ ${percent(targetShare)}`,
        met: share >= targetShare,
      },
    ],
    tables: [
      ratesTable(rates),
      {
        caption: `What the recorder sends for a batch of ${batchSize}:`,
        head: ["status", "requests"],
        rows: [...requests],
      },
    ],
    notes: [
      "An entry needs its execution's state read before it and, where the status moves the state, written after it; the bare puts of entries do neither. The second share is of the puts of all the items the recorder writes, counted in entries.",
    ],
  };
}

function ratesTable(rates: Rates): Table {
  const row = (name: string, of: readonly number[]) => [
    name,
    median(of).toFixed(0),
    percent(shareOf(of, rates.bareEntries)),
    percent(shareOf(of, rates.bareAll)),
  ];
  return {
    head: [
      "",
      "entries/s, median",
      "share of bare puts of entries",
      "share of bare puts of entries and states",
    ],
    rows: [
      row("recorder, RUNNING", rates.RUNNING),
      row("recorder, SUCCEEDED", rates.SUCCEEDED),
      row("**recorder, both**", rates.both),
      row("bare SDK, entries", rates.bareEntries),
      row("bare SDK, entries and the states of ended executions", rates.bareAll),
    ],
  };
}

function shareOf(rates: readonly number[], bare: readonly number[]): number {
  return median(rates.map((rate, round) => rate / (bare[round] ?? Number.NaN)));
}

const percent = (share: number): string => `${(share * 100).toFixed(0)}%`;
