import { type Connection, connect, memoryFolder } from "./connect.ts";
import { handlerCall, type RemoteCalls, remoteCalls } from "./gate-calls.ts";
import { type RecordedCall, recordCall, roundsSummary } from "./gate-rounds.ts";
import type { Section, Table } from "./report.ts";
import { median, quantile, timed } from "./statistics.ts";

const warmUps = 40;
const turns = 300;
const turnsInMemory = 100;
const recordedCalls = 60;
const targetMs = 10;
const targetRounds = 4;
/** Milliseconds of each call, by the way it was made. */
type Samples<Way extends string> = Readonly<Record<Way, number[]>>;
type Remote = Samples<"direct" | "post">;
type All = Samples<"direct" | "post" | "handler">;

interface Found {
  readonly samples: All;
  /** The same without the handler, on a runtime whose files are in memory. */
  readonly inMemory: Remote | undefined;
  readonly recorded: readonly RecordedCall[];
}

/** What the gate adds to a start, in time and in sequential rounds of requests. */
export async function benchGate(): Promise<Section> {
  const onDisk = await withRuntime(undefined, async (connection, { direct, post }) => {
    const handler = await handlerCall(connection);
    const samples = await measure(connection, { direct, post, handler }, turns);
    return { samples, recorded: await record(connection, handler) };
  });
  const inMemory =
    memoryFolder === undefined
      ? undefined
      : await withRuntime(memoryFolder, (connection, { direct, post }) =>
          measure(connection, { direct, post }, turnsInMemory),
        );
  return section({ ...onDisk, inMemory });
}

async function withRuntime<T>(
  folder: string | undefined,
  work: (connection: Connection, calls: RemoteCalls) => Promise<T>,
): Promise<T> {
  const connection = await connect(folder);
  const calls = remoteCalls(connection);
  try {
    return await work(connection, calls);
  } finally {
    calls.close();
    await connection.close();
  }
}

/** Every way once in each turn, another one first each time; each begins on an idle runtime. */
async function measure<Way extends string>(
  connection: Connection,
  calls: Readonly<Record<Way, () => Promise<void>>>,
  times: number,
): Promise<Samples<Way>> {
  const ways = Object.keys(calls) as Way[];
  const samples = Object.fromEntries(ways.map((way) => [way, [] as number[]])) as Samples<Way>;
  for (let turn = -warmUps; turn < times; turn += 1) {
    const first = (turn + warmUps) % ways.length;
    for (const way of [...ways.slice(first), ...ways.slice(0, first)]) {
      await connection.idle();
      const took = await timed(calls[way]);
      if (turn >= 0) samples[way].push(took);
    }
  }
  return samples;
}

async function record(connection: Connection, handler: () => Promise<void>): Promise<RecordedCall[]> {
  const recorded: RecordedCall[] = [];
  for (let call = 0; call < recordedCalls; call += 1) {
    await connection.idle();
    recorded.push(await recordCall(handler));
  }
  return recorded;
}

const method = [
  `One state machine that only waits is started three ways in turn, ${turns} times after ${warmUps} warm-ups, one call at a time on an idle runtime: StartExecution by the SDK client, POST /workflows/{workflow}/executions, and the gate's handler called in the measuring process with the dependencies its Lambda entry file builds; the runtime is another process.`,
  "What is added is the difference of two calls of one turn.",
  `Rounds are counted over ${recordedCalls} calls from the requests the handler really sends, by Node's diagnostics of http and fetch: as few sets of requests that overlap in time as there can be, which is the longest chain of requests of which each began after the one before had ended; StartExecution itself is left out.`,
].join(" ");

function section({ samples, inMemory, recorded }: Found): Section {
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
    tables: [latencies(samples, inMemory), ...rounds.tables],
    notes: [
      "The latency is judged on POST, which is what a caller waits for; it includes the runtime's HTTP API and the hand-over to a worker thread, which stand where API Gateway and Lambda stand on AWS. The handler's figure is the gate alone. The gate, every stand-in it asks and the DynamoDB engine share the cores, and the engine waits for the disk at every commit, of which a start has five on its way; the last row tells how much that is.",
      rounds.note,
    ],
  };
}

function latencies({ direct, post, handler }: All, inMemory: Remote | undefined): Table {
  return {
    head: ["ms", "median", "p90"],
    rows: [
      latencyRow("StartExecution directly", direct),
      latencyRow("POST to the gate", post),
      latencyRow("gate's handler in process", handler),
      latencyRow("**added by POST**", differences(post, direct)),
      latencyRow("added by the handler", differences(handler, direct)),
      ...(inMemory
        ? [latencyRow("added by POST, all files in memory", differences(inMemory.post, inMemory.direct))]
        : []),
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
