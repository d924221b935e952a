import { outboundRequests } from "./outbound-requests.ts";
import type { Table } from "./report.ts";
import { type Round, roundsOf, type Span } from "./rounds.ts";
import { median, mostCommon } from "./statistics.ts";

/** The requests of one start, and how long the whole start took. */
export interface RecordedCall {
  readonly spans: readonly Span[];
  readonly total: number;
}

export interface RoundsSummary {
  readonly median: number;
  readonly tables: readonly Table[];
  readonly note: string;
}

/** Records what a call sends; times are milliseconds since the call began. */
export async function recordCall(call: () => Promise<void>): Promise<RecordedCall> {
  let began = 0;
  let ended = 0;
  const spans = await outboundRequests(async () => {
    began = performance.now();
    await call();
    ended = performance.now();
  });
  const sinceStart = ({ name, from, to }: Span) => ({ name, from: from - began, to: to - began });
  return { spans: spans.map(sinceStart), total: ended - began };
}

/** How many rounds the calls took, and what the rounds of a usual call are and last. */
export function roundsSummary(calls: readonly RecordedCall[]): RoundsSummary {
  const added = calls.map(({ spans }) => roundsOf(spans.filter((span) => !isStart(span))).length);
  const all = calls.map(({ spans }) => roundsOf(spans));
  const usual = mostCommon(all.map(shape));
  const alike = all.filter((rounds) => shape(rounds) === usual.text);
  return {
    median: median(added),
    tables: [
      {
        caption: `Rounds of the most common course, ${usual.times} of ${calls.length} recorded calls:`,
        head: ["round", "requests", "from (ms, median)", "lasts (ms, median)"],
        rows: [...roundRows(alike), restRow(calls)],
      },
      singleRequests(calls),
    ],
    note: `Added rounds of single calls: ${Math.min(...added)} at least, ${Math.max(...added)} at most. Requests of a round that come late by chance can only add to the count, never take from it.`,
  };
}

function roundRows(alike: readonly (readonly Round[])[]): string[][] {
  let added = 0;
  return (alike[0] ?? []).map((round, index) => {
    const same = alike.flatMap((rounds) => rounds[index] ?? []);
    const isAdded = round.spans.some((span) => !isStart(span));
    if (isAdded) added += 1;
    return [
      isAdded ? String(added) : "(the start)",
      namesOf(round),
      median(same.map(({ from }) => from)).toFixed(1),
      median(same.map(({ from, to }) => to - from)).toFixed(1),
    ];
  });
}

/** What each request takes by itself, which is mostly the endpoint's time. */
function singleRequests(calls: readonly RecordedCall[]): Table {
  const byName = Map.groupBy(
    calls.flatMap(({ spans }) => spans),
    ({ name }) => name,
  );
  const rows = [...byName].map(([name, spans]) => [
    name,
    median(spans.map(({ from, to }) => to - from)).toFixed(1),
  ]);
  return { caption: "The same calls' requests one by one:", head: ["request", "ms, median"], rows };
}

function restRow(calls: readonly RecordedCall[]): string[] {
  const rest = calls.map(({ spans, total }) => total - busy(spans));
  return ["", "no request under way: the gate's own computing", "", median(rest).toFixed(1)];
}

/** Milliseconds in which at least one request is under way. */
function busy(spans: readonly Span[]): number {
  let sum = 0;
  let until = 0;
  for (const { from, to } of spans.toSorted((a, b) => a.from - b.from)) {
    sum += Math.max(0, to - Math.max(from, until));
    until = Math.max(until, to);
  }
  return sum;
}

function shape(rounds: readonly Round[]): string {
  return rounds.map(namesOf).join(" → ");
}

function namesOf({ spans }: Round): string {
  return spans
    .map(({ name }) => name)
    .sort()
    .join(", ");
}

function isStart({ name }: Span): boolean {
  return name === "StartExecution";
}
