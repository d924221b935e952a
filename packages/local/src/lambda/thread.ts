import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { Worker } from "node:worker_threads";
import { describeExit, describeThrown, exited, type FunctionFailure, timedOut } from "./failure.ts";
import type { Invocation, ThreadReport, ThreadStart } from "./thread-protocol.ts";

/** How an invocation ended: the JSON text a handler answered with, or a failure. */
export type Outcome = { payload: string } | { failure: FunctionFailure };

/** One invocation before its deadline is known. */
export type Job = Omit<Invocation, "deadlineMs">;

export interface ThreadOptions {
  start: ThreadStart;
  env: NodeJS.ProcessEnv;
  timeoutSeconds: number;
  onLine: (line: string) => void;
}

interface Pending {
  settle: (outcome: Outcome) => void;
  timer: NodeJS.Timeout;
}

const startLimitSeconds = 30;

/**
 * One execution environment of a function: a worker thread that loads its entry once and may run
 * several invocations at a time.
 *
 * It takes no more work once it has failed to start, timed out or ended; whoever holds it then starts
 * another.
 */
export class Thread {
  readonly #worker: Worker;
  readonly #options: ThreadOptions;
  readonly #pending = new Map<string, Pending>();
  readonly #started: Promise<FunctionFailure | undefined>;
  readonly #ended: Promise<void>;
  #settleStart: (failure: FunctionFailure | undefined) => void = () => {};
  #uncaught: unknown;
  #retired = false;

  constructor(options: ThreadOptions) {
    this.#options = options;
    this.#started = new Promise((resolve) => {
      this.#settleStart = resolve;
    });
    this.#worker = new Worker(new URL("./thread-main.ts", import.meta.url), {
      workerData: options.start,
      env: options.env,
      stdout: true,
      stderr: true,
    });
    this.#ended = this.#listen();
    this.#limitStart();
  }

  /** Whether new invocations may be given to it. */
  get usable(): boolean {
    return !this.#retired;
  }

  /** Resolves with nothing once the entry is loaded, or with why it can't be. */
  started(): Promise<FunctionFailure | undefined> {
    return this.#started;
  }

  /** Resolves once the thread is gone. */
  ended(): Promise<void> {
    return this.#ended;
  }

  /** Runs one invocation; its time starts when the entry is loaded, as Lambda's does. Never rejects. */
  async run(job: Job): Promise<Outcome> {
    const failure = await this.#started;
    if (failure) return { failure };
    const { timeoutSeconds } = this.#options;
    return new Promise((settle) => {
      const timer = setTimeout(() => this.#timeOut(job.requestId), timeoutSeconds * 1000);
      this.#pending.set(job.requestId, { settle, timer });
      this.#worker.postMessage({ ...job, deadlineMs: Date.now() + timeoutSeconds * 1000 });
    });
  }

  /** Ends the thread at once; what it still runs fails. */
  async terminate(): Promise<void> {
    this.#retired = true;
    await this.#worker.terminate();
    await this.#ended;
  }

  #listen(): Promise<void> {
    const worker = this.#worker;
    for (const stream of [worker.stdout, worker.stderr]) this.#readLines(stream);
    worker.on("message", (message: ThreadReport) => this.#receive(message));
    worker.on("error", (error) => {
      this.#uncaught = error;
    });
    return new Promise((resolve) => {
      worker.on("exit", (code) => {
        this.#end(code);
        resolve();
      });
    });
  }

  #readLines(stream: Readable): void {
    createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY }).on("line", this.#options.onLine);
  }

  #limitStart(): void {
    const timer = setTimeout(() => {
      this.#settleStart(timedOut("init", startLimitSeconds));
      this.#retire();
    }, startLimitSeconds * 1000);
    void this.#started.then(() => clearTimeout(timer));
  }

  #receive(message: ThreadReport): void {
    switch (message.kind) {
      case "started":
        this.#settleStart(undefined);
        break;
      case "start_failed":
        this.#options.onLine(`INIT_REPORT ${JSON.stringify(message.failure)}`);
        this.#settleStart(message.failure);
        this.#retire();
        break;
      case "answered":
        this.#settle(message.requestId, { payload: message.payload });
        break;
      case "failed":
        this.#settle(message.requestId, { failure: message.failure });
    }
  }

  #timeOut(requestId: string): void {
    const failure = timedOut(requestId, this.#options.timeoutSeconds);
    this.#options.onLine(failure.errorMessage);
    this.#retired = true;
    this.#settle(requestId, { failure });
  }

  #settle(requestId: string, outcome: Outcome): void {
    const pending = this.#pending.get(requestId);
    if (!pending) return;
    this.#pending.delete(requestId);
    clearTimeout(pending.timer);
    pending.settle(outcome);
    if (this.#retired) this.#retire();
  }

  /** On Lambda a timeout harms no neighbour, so a thread that others still use ends after them. */
  #retire(): void {
    this.#retired = true;
    if (this.#pending.size === 0) void this.#worker.terminate();
  }

  #end(code: number): void {
    this.#retired = true;
    const uncaught = this.#uncaught === undefined ? undefined : describeThrown(this.#uncaught);
    if (uncaught) this.#options.onLine(`Uncaught Exception ${JSON.stringify(uncaught)}`);
    this.#settleStart(uncaught ?? exited("init", describeExit(code)));
    // with several in flight, whose fault it was can't be known
    const own = this.#pending.size === 1 ? uncaught : undefined;
    for (const requestId of [...this.#pending.keys()]) {
      this.#settle(requestId, { failure: own ?? exited(requestId, describeExit(code)) });
    }
  }
}
