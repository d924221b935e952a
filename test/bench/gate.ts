import { type Connection, connect } from "./connect.ts";
import { type GateCalls, gateCalls } from "./gate-calls.ts";
import { type RecordedCall, recordCall, roundsSummary } from "./gate-rounds.ts";
import type { Section, Table } from "./report.ts";
import { median, quantile, timed } from "./statistics.ts";

const warmUps = 40;
const turns = 300;
const recordedCalls = 60;
const targetMs = 10;
const targetRounds = 4;
const ways = ["direct", "post", "handler"] as const;

type Samples = Record<(typeof ways)[number], number[]>;

/** What the gate adds to a start, in time and in sequential rounds of requests. */
export async function benchGate(): Promise<Section> {
  const connection = await connect();
  const calls = await gateCalls(connection);
  try {
    await measure(connection, calls, warmUps);
    const samples = await measure(connection, calls, turns);
    const recorded = await record(connection, calls);
    return section(samples, recorded);
  } finally {
    calls.close();
    await connection.close();
  }
}

/** Every way once in each turn, another one first each time; each begins on an idle runtime. */
async function measure(connection: Connection, calls: GateCalls, times: number): Promise<Samples> {
  const samples: Samples = { direct: [], post: [], handler: [] };
  for (let turn = 0; turn < times; turn += 1) {
    for (const offset of ways.keys()) {
      const way = ways[(turn + offset) % ways.length] ?? "direct";
      await connection.idle();
      samples[way].push(await timed(calls[way]));
    }
  }
  return samples;
}

async function record(connection: Connection, calls: GateCalls): Promise<RecordedCall[]> {
  const recorded: RecordedCall[] = [];
  for (let call = 0; call < recordedCalls; call += 1) {
    await connection.idle();
    recorded.push(await recordCall(calls.handler));
  }
  return recorded;
}

const method = [
  `One state machine that only waits is started three ways in turn, ${turns} times after ${warmUps} warm-ups, one call at a time on an idle runtime: StartExecution by the SDK client, POST /workflows/{workflow}/executions, and the gate's handler called in the measuring process with the dependencies its Lambda entry file builds; the runtime is another process.`,
  "What is added is the difference of two calls of one turn.",
  `Rounds are counted over ${recordedCalls} calls from the requests the handler really sends, by Node's diagnostics of http and fetch: as few sets of requests that overlap in time as there can be, which is the longest chain of requests of which each began after the one before had ended; StartExecution itself is left out.`,
].join(" ");

function section(samples: Samples, recorded: RecordedCall[]): Section {
  const added = median(differences(samples.post, samples.direct));
  const rounds = roundsSummary(recorded);
  return {
    name: "gate",
    title: "Gate",
    method,
    verdicts: [
      {
        figure: "added latency of POST, median",
        value: `${ms(added)} ms`,
        target: `≤ ${targetMs} ms`,
        met: added <= targetMs,
      },
      {
        figure: "added sequential rounds, median",
        value: String(rounds.median),
        target: `≤ ${targetRounds}`,
        met: rounds.median <= targetRounds,
      },
    ],
    tables: [latencies(samples), rounds.table],
    notes: [
      "The latency is judged on POST, which is what a caller waits for; it includes the runtime's HTTP API and the hand-over to a worker thread, which stand where API Gateway and Lambda stand on AWS. The handler's figure is the gate alone. The gate, every stand-in it asks and the DynamoDB engine, which waits for the disk at each commit, share the cores.",
      rounds.note,
    ],
  };
}

function latencies({ direct, post, handler }: Samples): Table {
  return {
    head: ["ms", "median", "p90"],
    rows: [
      latencyRow("StartExecution directly", direct),
      latencyRow("POST to the gate", post),
      latencyRow("gate's handler in process", handler),
      latencyRow("**added by POST**", differences(post, direct)),
      latencyRow("added by the handler", differences(handler, direct)),
    ],
  };
}

function differences(a: readonly number[], b: readonly number[]): number[] {
  return a.map((sample, turn) => sample - (b[turn] ?? Number.NaN));
}

function latencyRow(name: string, samples: readonly number[]): string[] {
  return [name, ms(median(samples)), ms(quantile(samples, 0.9))];
}

const ms = (value: number): string => value.toFixed(1);
