import { styleText } from "node:util";

type Format = Parameters<typeof styleText>[0];

/** Styles a text, or leaves it as it is where colours are off. */
export type Paint = (format: Format, text: string) => string;

/** Where a command reads its surroundings and writes its output. */
export interface Terminal {
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
  readonly stdin: NodeJS.ReadableStream;
  /** Columns to fit tables into; undefined when the output goes to a file or a pipe. */
  readonly width: number | undefined;
  readonly paint: Paint;
  /** Aborted once the reader of the output has gone, as `| head` does. */
  readonly closed: AbortSignal;
  /** Writes to standard output; resolves when the stream took it, and does nothing once it is closed. */
  print(text: string): Promise<void>;
  /** Writes a line about the output to standard error. */
  notice(text: string): void;
}

/** The terminal of this process; to be made once. */
export function processTerminal(): Terminal {
  const closed = new AbortController();
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
    closed.abort();
  });
  process.stderr.on("error", () => undefined);
  return {
    env: process.env,
    cwd: process.cwd(),
    stdin: process.stdin,
    width: widthOf(process.stdout, process.env),
    paint: paintFor(process.stdout, process.env),
    closed: closed.signal,
    print: (text) =>
      new Promise((resolve) => {
        if (closed.signal.aborted) resolve();
        else process.stdout.write(text, () => resolve());
      }),
    notice: (text) => void process.stderr.write(`${text}\n`),
  };
}

/** Colours are for terminals alone, and NO_COLOR turns them off (https://no-color.org). */
export function paintFor(stream: { readonly isTTY?: boolean }, env: NodeJS.ProcessEnv): Paint {
  const isColoured = stream.isTTY === true && !env["NO_COLOR"] && env["TERM"] !== "dumb";
  return (format, text) => (isColoured ? styleText(format, text, { validateStream: false }) : text);
}

function widthOf(stream: { isTTY?: boolean; columns?: number }, env: NodeJS.ProcessEnv): number | undefined {
  if (stream.isTTY) return stream.columns || 80;
  const columns = Number(env["COLUMNS"]);
  return Number.isInteger(columns) && columns > 0 ? columns : undefined;
}
