import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { constants } from "node:os";
import { fileURLToPath } from "node:url";
import { exitCodes } from "../output/exit-codes.ts";
import { CommandError } from "../output/failure.ts";

export interface UpOptions {
  readonly story?: boolean;
  readonly port?: number;
  readonly stateDir?: string;
  readonly config?: string;
}

/** The embedded runtime of this workspace. */
export const runtimeEntry = fileURLToPath(new URL("../../../local/src/main.ts", import.meta.url));

const forwarded = ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"] as const;
/** npm passes on the Ctrl-C that the terminal has sent as well, so that one key press may come twice. */
const sameSignalMs = 250;

/** The runtime's arguments; a state folder from the environment is named, so that both agree on it. */
export function runtimeArguments(options: UpOptions, env: NodeJS.ProcessEnv): string[] {
  const stateDir = options.stateDir ?? (env["COUNTERSIGN_STATE_DIR"] || undefined);
  return [
    ...(options.story ? ["--story"] : []),
    ...(options.port === undefined ? [] : ["--port", String(options.port)]),
    ...(stateDir === undefined ? [] : ["--state-dir", stateDir]),
    ...(options.config === undefined ? [] : ["--config", options.config]),
  ];
}

/**
 * Runs the runtime at `entry` as a child with our Node and our standard streams, to its end, and returns its
 * exit code (128 and the number for a signal).
 *
 * It gets a session of its own, so that the terminal's Ctrl-C comes to us alone and reaches it once. It can
 * tell that we are gone, even when killed, by its `disconnect` event.
 *
 * @throws {CommandError} when it cannot be started.
 */
export async function runRuntime(entry: string, args: readonly string[]): Promise<number> {
  if (!existsSync(entry)) throw cannotStart(`${entry} does not exist`);
  const child = spawn(process.execPath, [entry, ...args], {
    stdio: ["inherit", "inherit", "inherit", "ipc"],
    detached: true,
  });
  const release = forwardSignals((signal) => child.kill(signal));
  return new Promise<number>((resolve, reject) => {
    child.once("error", (error) => reject(cannotStart(error.message)));
    child.once("exit", (code, signal) => resolve(code ?? 128 + constants.signals[signal ?? "SIGKILL"]));
  }).finally(release);
}

function forwardSignals(send: (signal: NodeJS.Signals) => void): () => void {
  const last = new Map<NodeJS.Signals, number>();
  const onSignal = (signal: NodeJS.Signals) => {
    const now = performance.now();
    if (now - (last.get(signal) ?? Number.NEGATIVE_INFINITY) < sameSignalMs) return;
    last.set(signal, now);
    send(signal);
  };
  for (const signal of forwarded) process.on(signal, onSignal);
  return () => {
    for (const signal of forwarded) process.removeListener(signal, onSignal);
  };
}

function cannotStart(reason: string): CommandError {
  return new CommandError(
    `the embedded runtime cannot be started: ${reason}`,
    "run this from a checkout of Countersign after npm ci",
    exitCodes.unexpected,
  );
}
