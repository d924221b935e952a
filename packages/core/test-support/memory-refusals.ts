import type {
  ClosedRefusals,
  RefusalCounters,
  RefusalKey,
  UnrecordedRefusals,
} from "../src/refusals/refusal-counters.ts";

interface Counter {
  readonly key: RefusalKey;
  series: string;
  count: number;
  closed: number | undefined;
}

/** Counts in memory, by the rules of the port. */
export class MemoryRefusals implements RefusalCounters, UnrecordedRefusals {
  readonly #counters = new Map<string, Counter>();
  #series = 0;
  /** How many writes it was asked for. */
  writes = 0;

  async add(key: RefusalKey, count: number): Promise<void> {
    this.writes += 1;
    const name = JSON.stringify(key);
    const counter = this.#counters.get(name);
    if (counter) counter.count += count;
    else this.#counters.set(name, { key, series: this.#nextSeries(), count, closed: undefined });
  }

  async *list(): AsyncIterable<RefusalKey> {
    for (const { key } of [...this.#counters.values()]) yield key;
  }

  async close(key: RefusalKey): Promise<ClosedRefusals | undefined> {
    const counter = this.#counters.get(JSON.stringify(key));
    if (!counter) return undefined;
    counter.closed ??= counter.count;
    return { ...key, series: counter.series, count: counter.closed };
  }

  async remove({ series, count, ...key }: ClosedRefusals): Promise<void> {
    const name = JSON.stringify(key);
    const counter = this.#counters.get(name);
    if (counter?.series !== series) return;
    this.#counters.delete(name);
    const left = counter.count - count;
    if (left > 0)
      this.#counters.set(name, { ...counter, series: this.#nextSeries(), count: left, closed: undefined });
  }

  get size(): number {
    return this.#counters.size;
  }

  #nextSeries(): string {
    this.#series += 1;
    return String(this.#series);
  }
}
