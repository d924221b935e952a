/** One request on the wire: milliseconds on the same clock as its neighbours. */
export interface Span {
  readonly name: string;
  readonly from: number;
  readonly to: number;
}

/** Requests that were all under way at one moment. */
export interface Round {
  readonly spans: readonly Span[];
  readonly from: number;
  readonly to: number;
}

/**
 * Splits requests into rounds: each round's requests all overlap in time, and there are as few rounds as
 * that allows.
 *
 * Their number is then the length of the longest chain of requests of which each began after the one before
 * had ended, which is what a caller waits for. Joining whatever overlaps would count less: one slow request
 * beside a sequence of two would make all three one round.
 */
export function roundsOf(spans: readonly Span[]): Round[] {
  const rounds: Round[] = [];
  let rest = spans.toSorted((a, b) => a.from - b.from);
  while (rest.length > 0) {
    const firstEnd = Math.min(...rest.map(({ to }) => to));
    const isIn = ({ from, to }: Span): boolean => from < firstEnd || to === firstEnd;
    rounds.push(roundOf(rest.filter(isIn)));
    rest = rest.filter((span) => !isIn(span));
  }
  return rounds;
}

function roundOf(spans: readonly Span[]): Round {
  return {
    spans,
    from: Math.min(...spans.map(({ from }) => from)),
    to: Math.max(...spans.map(({ to }) => to)),
  };
}
