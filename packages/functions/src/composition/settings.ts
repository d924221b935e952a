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

/** A number that has a default. @throws {Error} naming the variable that is no whole number. */
export function numberSetting(environment: Environment, name: string, unlessGiven: number): number {
  const value = environment[name];
  if (!value) return unlessGiven;
  if (/^\d{1,9}$/.test(value)) return Number(value);
  throw new Error(`environment variable ${name} is not a whole number`);
}

/** A queue's URL. @throws {Error} naming the variable that is missing or no URL. */
export function urlSetting(environment: Environment, name: string): string {
  const value = setting(environment, name);
  if (/^https?:/.test(value) && URL.canParse(value)) return value;
  throw new Error(`environment variable ${name} is not an http or https URL`);
}

/**
 * The configuration as it was validated when this stage was deployed, beside the function's code.
 *
 * @throws {Error} naming the variable when its file can't be read or holds no configuration.
 */
export function deployedConfig(environment: Environment): Config {
  const name = "COUNTERSIGN_CONFIG_FILE";
  const file = setting(environment, name);
  try {
    const config: unknown = JSON.parse(readFileSync(file, "utf8"));
    if (isConfig(config)) return config;
  } catch (cause) {
    throw new Error(`environment variable ${name} names "${file}", which can't be read as JSON`, { cause });
  }
  throw new Error(`environment variable ${name} names "${file}", which holds no configuration`);
}

/** @throws {Error} naming the variable that is missing or malformed. */
export function deployedWorkflows(environment: Environment, config: Config): Workflows {
  const account = setting(environment, "COUNTERSIGN_ACCOUNT_ID");
  if (!/^\d{12}$/.test(account))
    throw new Error("environment variable COUNTERSIGN_ACCOUNT_ID is not an account id of 12 digits");
  return registerWorkflows(config, { account, region: setting(environment, "AWS_REGION") });
}

/** Enough to tell another file from ours: its fields were validated when it was written. */
function isConfig(value: unknown): value is Config {
  if (typeof value !== "object" || value === null) return false;
  const { issuers, workflows, audit, operations } = value as Partial<Config>;
  return Array.isArray(issuers) && [workflows, audit, operations].every((part) => typeof part === "object");
}
