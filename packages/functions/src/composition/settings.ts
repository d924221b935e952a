import { readFileSync } from "node:fs";
import type { Config } from "@countersign/core/config/config";
import { registerWorkflows, type Workflows } from "@countersign/core/policy/workflow";

/** What a deployment tells a function through its environment. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** @throws {Error} naming the variable that is missing. */
export function setting(environment: Environment, name: string): string {
  const value = environment[name];
  if (value) return value;
  throw new Error(`environment variable ${name} is not set`);
}

/** The configuration as it was validated when this stage was deployed, beside the function's code. */
export function deployedConfig(environment: Environment): Config {
  return JSON.parse(readFileSync(setting(environment, "COUNTERSIGN_CONFIG_FILE"), "utf8")) as Config;
}

export function deployedWorkflows(environment: Environment, config: Config): Workflows {
  return registerWorkflows(config, {
    account: setting(environment, "COUNTERSIGN_ACCOUNT_ID"),
    region: setting(environment, "AWS_REGION"),
  });
}
