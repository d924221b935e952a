import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { createLedgerReader } from "@countersign/aws/dynamodb/ledger";
import { clientOf, names } from "@countersign/local/runtime/provision";
import { parked } from "./bench-config.ts";
import { type Connection, connect } from "./connect.ts";
import type { Section } from "./report.ts";
import { quantile, timed } from "./statistics.ts";

const starts = 1_000;
const warmUps = 40;
const concurrencies = [1, 4, 16, 64] as const;

/** What became of one start. */
interface Outcome {
  readonly status: number;
  readonly executionArn: string | undefined;
  readonly ms: number;
}

/** A thousand starts with so many under way at any time. */
interface Run {
  readonly concurrency: number;
  readonly seconds: number;
  readonly outcomes: readonly Outcome[];
  /** Answered with 201, and without both entries in the ledger. */
  readonly lost: number;
}

/** How many executions the gate starts in a second, and whether any is lost when more come than it can. */
export async function benchStarts(): Promise<Section> {
  const runs: Run[] = [];
  for (const concurrency of concurrencies) {
    const connection = await connect();
    try {
      await startAll(connection, warmUps, concurrency);
      await connection.idle();
      runs.push(await measure(connection, concurrency));
    } finally {
      await connection.close();
    }
  }
  return section(runs);
}

async function measure(connection: Connection, concurrency: number): Promise<Run> {
  let outcomes: Outcome[] = [];
  const seconds =
    (await timed(async () => {
      outcomes = await startAll(connection, starts, concurrency);
    })) / 1000;
  await connection.idle();
  return { concurrency, seconds, outcomes, lost: await countLost(connection, outcomes) };
}

/** Each of `concurrency` callers starts the next as soon as its last has been answered. */
async function startAll(connection: Connection, count: number, concurrency: number): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  let begun = 0;
  const call = async () => {
    while (begun < count) {
      begun += 1;
      outcomes.push(await startOne(connection));
    }
  };
  await Promise.all(Array.from({ length: concurrency }, call));
  return outcomes;
}

async function startOne({ urls, token }: Connection): Promise<Outcome> {
  const from = performance.now();
  const answer = await fetch(`${urls.api}/workflows/${parked}/executions`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    body: JSON.stringify({ input: { amount: 4200 } }),
  });
  const { executionArn } = (await answer.json()) as { executionArn?: string };
  return { status: answer.status, executionArn, ms: performance.now() - from };
}

/** By the ledger alone: its entries of these executions, page by page. */
async function countLost({ urls }: Connection, outcomes: readonly Outcome[]): Promise<number> {
  const dynamodb = new DynamoDBClient(clientOf(urls.dynamodb));
  const ledger = createLedgerReader({ dynamodb, table: names.ledger, clock: { now: Date.now } });
  const window = { from: Date.now() - 3_600_000, to: Date.now() + 60_000, limit: 1000 };
  const seen = { "execution.authorized": new Set<string>(), "execution.started": new Set<string>() };
  try {
    let cursor: string | undefined;
    do {
      const page = await ledger.query({ by: "time" }, { ...window, ...(cursor !== undefined && { cursor }) });
      for (const { action, executionArn } of page.entries) {
        if (executionArn === undefined) continue;
        if (action === "execution.authorized" || action === "execution.started")
          seen[action].add(executionArn);
      }
      cursor = page.cursor;
    } while (cursor !== undefined);
  } finally {
    dynamodb.destroy();
  }
  const created = outcomes.filter(({ status }) => status === 201);
  return created.filter(
    ({ executionArn = "" }) =>
      !seen["execution.authorized"].has(executionArn) || !seen["execution.started"].has(executionArn),
  ).length;
}

const method = [
  `${starts} executions of a state machine that only waits are started over HTTP on one token, by so many callers that each ask again once they are answered; each row is a runtime of its own, after ${warmUps} warm-up starts. The runtime is another process.`,
  "What is lost is counted by the ledger: executions that were answered with 201 and of which the entry of the authorisation, or that of the start, is not there once all events are recorded.",
].join(" ");

function section(runs: readonly Run[]): Section {
  const lost = runs.reduce((sum, run) => sum + run.lost, 0);
  const errors = runs.reduce((sum, run) => sum + errorsOf(run), 0);
  const all = runs.length * starts;
  return {
    name: "starts",
    title: "Starts at rising concurrency",
    method,
    verdicts: [
      {
        figure: "starts answered with 201 that the ledger lacks",
        value: `${lost} of ${all}`,
        target: "0",
        met: lost === 0,
      },
      {
        figure: "starts answered with an error",
        value: `${errors} of ${all}`,
        target: "0",
        met: errors === 0,
      },
    ],
    tables: [
      {
        head: [
          "callers at once",
          "starts per second",
          "p50 (ms)",
          "p99 (ms)",
          "slowest (ms)",
          "errors",
          "lost",
        ],
        rows: runs.map(row),
      },
    ],
    notes: [
      "The gate, every stand-in it asks, the DynamoDB engine and the callers share the machine's cores, and all starts of a runtime run in one thread, where Lambda has an environment for each: past the throughput of that thread more callers only wait longer. On AWS the limits are those of the account: StartExecution's request rate, and the tables' capacity.",
    ],
  };
}

function row(run: Run): string[] {
  const { concurrency, seconds, outcomes, lost } = run;
  const times = outcomes.map(({ ms }) => ms);
  return [
    String(concurrency),
    (outcomes.length / seconds).toFixed(0),
    ...[quantile(times, 0.5), quantile(times, 0.99), Math.max(...times)].map((ms) => ms.toFixed(0)),
    String(errorsOf(run)),
    String(lost),
  ];
}

function errorsOf({ outcomes }: Run): number {
  return outcomes.filter(({ status }) => status !== 201).length;
}
