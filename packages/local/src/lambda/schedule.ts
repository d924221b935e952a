import type { FunctionHost } from "./host.ts";

export interface ScheduleOptions {
  readonly host: FunctionHost;
  readonly functionName: string;
  readonly everySeconds: number;
}

/** Invokes a function at a fixed rate, one invocation after the other; resolves its close with the last. */
export function startSchedule({ host, functionName, everySeconds }: ScheduleOptions): {
  close(): Promise<void>;
} {
  let running: Promise<unknown> | undefined;
  const timer = setInterval(() => {
    running ??= host
      .invoke(functionName, {})
      // The host has logged what went wrong; the next turn is a try of its own.
      .catch(() => undefined)
      .finally(() => {
        running = undefined;
      });
  }, everySeconds * 1000);
  return {
    close: async () => {
      clearInterval(timer);
      await running;
    },
  };
}
