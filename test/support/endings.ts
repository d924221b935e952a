import { resolve } from "node:path";
import type { ConfigInput } from "@countersign/core/config/config";

const folder = resolve(import.meta.dirname, "state-machines");
const names = ["fails", "times-out", "waits"] as const;

/** Adds a workflow for each way an execution can end that payout does not show; their names say how. */
export function withEndings(config: ConfigInput): ConfigInput {
  const workflows = names.map((name) => [name, { stateMachine: name, start: { scopes: ["payout:start"] } }]);
  const machines = names.map((name) => [name, { definition: resolve(folder, `${name}.asl.json`) }]);
  return {
    ...config,
    workflows: { ...config.workflows, ...Object.fromEntries(workflows) },
    local: {
      ...config.local,
      stateMachines: { ...config.local?.stateMachines, ...Object.fromEntries(machines) },
    },
  };
}
