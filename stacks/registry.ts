import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Config, parseConfig } from "@countersign/core/config/config";
import { registerWorkflows, type Workflow } from "@countersign/core/policy/workflow";
import written from "../countersign.config.ts";
import type { Stage } from "./stage.ts";

/** The configuration, and the workflows it registers. */
export interface Registry {
  readonly config: Config;
  readonly workflows: readonly Workflow[];
  /** The configuration as functions read it; a path from the project's root. */
  readonly file: string;
}

const shown = "countersign.config.ts";

/**
 * Validates the configuration for this stage and writes it where functions are bundled from.
 *
 * @throws {Error} one line for each fault, with its field and what was expected.
 */
export function loadRegistry(stage: Stage): Registry {
  try {
    const config = parseConfig(written);
    const workflows = registerWorkflows(config, stage).all();
    const faults = [...unreachableIssuers(config), ...foreignStateMachines(stage, workflows)];
    if (faults.length > 0) throw new Error(faults.join("\n"));
    return { config, workflows, file: writeForFunctions(stage, config) };
  } catch (error) {
    const lines = (error instanceof Error ? error.message : String(error)).split("\n");
    throw new Error(lines.map((line) => `${shown}: ${line}`).join("\n"));
  }
}

function unreachableIssuers({ issuers }: Config): string[] {
  return issuers.flatMap(({ issuer }, index) =>
    issuer.startsWith("https:")
      ? []
      : [
          `issuers.${index}.issuer: "${issuer}" is on this machine, expected one that deployed functions reach`,
        ],
  );
}

function foreignStateMachines({ account, region }: Stage, workflows: readonly Workflow[]): string[] {
  return workflows.flatMap(({ name, stateMachineArn }) =>
    new RegExp(`^arn:aws:states:${region}:${account}:stateMachine:[^:/]+$`).test(stateMachineArn)
      ? []
      : [
          `workflows.${name}.stateMachine: "${stateMachineArn}" is not a state machine of account ${account} in ${region}`,
        ],
  );
}

/** Without what only the embedded runtime reads, which may name people. */
function writeForFunctions(stage: Stage, config: Config): string {
  const folder = join(".sst", "countersign", stage.name);
  mkdirSync(join($cli.paths.root, folder), { recursive: true });
  const file = join(folder, "config.json");
  const local: Config["local"] = { stateMachines: {}, clients: {}, people: {} };
  writeFileSync(join($cli.paths.root, file), `${JSON.stringify({ ...config, local }, null, 2)}\n`);
  return file;
}
