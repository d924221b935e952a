import { Readable } from "node:stream";
import type { Terminal } from "../output/terminal.ts";

/** A terminal that keeps what is written to it. */
export interface MemoryTerminal extends Terminal {
  readonly printed: string[];
  readonly noticed: string[];
}

export function memoryTerminal(given: Partial<Terminal> = {}): MemoryTerminal {
  const printed: string[] = [];
  const noticed: string[] = [];
  return {
    env: {},
    cwd: "/",
    stdin: Readable.from([]),
    width: undefined,
    paint: (_format, text) => text,
    closed: new AbortController().signal,
    print: async (text) => void printed.push(text),
    notice: (text) => void noticed.push(text),
    ...given,
    printed,
    noticed,
  };
}
