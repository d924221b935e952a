import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { Command } from "commander";

interface UpFlags {
  readonly story?: true;
  readonly port?: string;
  readonly stateDir?: string;
  readonly config?: string;
}

/** The embedded runtime's own entry file: a process of its own, never an import. */
const runtimeEntry = fileURLToPath(new URL("../../../local/src/main.ts", import.meta.url));

/** `countersign up`. */
export function addUp(program: Command): void {
  program
    .command("up")
    .description("start the embedded runtime: provider, gate, ledger and Step Functions on this machine")
    .option("--story", "play a short story against it first")
    .option("--port <n>", "first of the five ports it listens on; 9400 by default")
    .option("--state-dir <folder>", "where it keeps its state; .countersign by default")
    .option("--config <file>", "configuration; countersign.config.ts by default")
    .addHelpText("after", "\nExample:\n  countersign up --story")
    .action(async (flags: UpFlags) => {
      process.exitCode = await runRuntime(runtimeEntry, runtimeArguments(flags));
    });
}

function runtimeArguments({ story, port, stateDir, config }: UpFlags): string[] {
  const named = { "--port": port, "--state-dir": stateDir, "--config": config };
  const given = Object.entries(named).flatMap(([name, value]) => (value === undefined ? [] : [name, value]));
  return story ? ["--story", ...given] : given;
}

/** Runs the runtime until it ends, and resolves with its exit code. A terminal's Ctrl-C reaches it by itself. */
export async function runRuntime(entry: string, args: readonly string[]): Promise<number> {
  const child = spawn(process.execPath, [entry, ...args], { stdio: "inherit" });
  process.on("SIGINT", () => {
    if (!process.stdin.isTTY) child.kill("SIGINT");
  });
  for (const signal of ["SIGTERM", "SIGHUP"] as const) process.on(signal, () => child.kill(signal));
  const [code] = (await once(child, "exit")) as [number | null];
  return code ?? 1;
}
