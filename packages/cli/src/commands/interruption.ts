/** A signal that Ctrl-C aborts; a second Ctrl-C ends the process as usual. */
export interface Interruption {
  readonly signal: AbortSignal;
  /** Gives the signals back to the process. */
  release(): void;
}

const signals = ["SIGINT", "SIGTERM"] as const;

/** Takes SIGINT and SIGTERM over until it is released, or one has come. */
export function interruption(): Interruption {
  const abort = new AbortController();
  const release = () => {
    for (const signal of signals) process.removeListener(signal, onSignal);
  };
  const onSignal = () => {
    release();
    abort.abort();
  };
  for (const signal of signals) process.on(signal, onSignal);
  return { signal: abort.signal, release };
}
