import { accessSync, constants } from "node:fs";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type { Config } from "@countersign/core/config/config";
import type { FunctionSpec } from "../lambda/host.ts";
import { StartupError } from "./startup-error.ts";

const ownNames = [
  "gate",
  "executions",
  "audit",
  "dead-letters",
  "subjects",
  "metadata",
  "recorder",
  "revoker",
  "sweeper",
  "reconciler",
] as const;
const timeoutSeconds = 20;

/** Countersign's own functions, from the entry files that are deployed. */
export function ownFunctions(environment: Record<string, string>): FunctionSpec[] {
  return ownNames.map((name) => ({ name, entry: entryOf(name), environment, timeoutSeconds }));
}

function entryOf(name: string): string {
  return fileURLToPath(import.meta.resolve(`@countersign/functions/lambda/${name}`));
}

/**
 * The functions that a configuration's own state machines call, from the folder that its paths start from.
 *
 * @throws {StartupError} naming the first file that can't be read.
 */
export function workflowFunctions(config: Config, folder: string): FunctionSpec[] {
  return Object.entries(config.local.stateMachines).flatMap(([machine, { functions }]) =>
    Object.entries(functions).map(([name, file]) => {
      const entry = resolve(folder, file);
      checkReadable(entry, `it is the function "${name}" of state machine "${machine}"`);
      return { name, entry, environment: {} };
    }),
  );
}

function checkReadable(path: string, role: string): void {
  try {
    accessSync(path, constants.R_OK);
  } catch {
    throw new StartupError(`${path} cannot be read: ${role} in local.stateMachines`);
  }
}
