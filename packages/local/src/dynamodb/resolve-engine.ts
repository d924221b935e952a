import { execFile } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import manifest from "../../package.json" with { type: "json" };
import { StartupError } from "../runtime/startup-error.ts";
import { endpointSetting } from "./settings.ts";

/** The version every platform's engine has. */
export const engineVersion: string = manifest.optionalDependencies["@dynoxide/linux-x64"];

export interface ResolveEngineOptions {
  /** Where a missing engine is installed, under `engine/`. */
  stateDirectory: string;
  platform?: NodeJS.Platform;
  arch?: string;
  /** Where to begin looking for `node_modules`; this package unless given. */
  from?: string;
}

/**
 * Finds the DynamoDB-compatible engine for a platform: as an installed dependency, or under the state
 * directory, where npm installs it by name the first time.
 *
 * @returns the path of its executable.
 * @throws {Error} when there is none for the platform, naming the setting for another endpoint.
 */
export async function resolveEngine(options: ResolveEngineOptions): Promise<string> {
  const {
    platform = process.platform,
    arch = process.arch,
    from = import.meta.url,
    stateDirectory,
  } = options;
  const name = `@dynoxide/${platform}-${arch}`;
  if (platform === "win32") throw unavailable(name, "it can't be supervised on Windows");
  const prefix = join(stateDirectory, "engine");
  const installed = findExecutable(name, from) ?? findExecutable(name, join(prefix, "package.json"));
  if (installed) return installed;
  await install(name, prefix);
  const found = findExecutable(name, join(prefix, "package.json"));
  if (!found) throw unavailable(name, "the installed package has no executable");
  return found;
}

function findExecutable(name: string, from: string): string | undefined {
  try {
    const path = join(dirname(createRequire(from).resolve(`${name}/package.json`)), "dynoxide");
    accessSync(path, constants.X_OK);
    return path;
  } catch {
    return undefined;
  }
}

async function install(name: string, prefix: string): Promise<void> {
  const flags = ["--prefix", prefix, "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"];
  try {
    await promisify(execFile)("npm", ["install", ...flags, `${name}@${engineVersion}`], { timeout: 120_000 });
  } catch (error) {
    throw unavailable(name, "npm could not install it", error);
  }
}

function unavailable(name: string, reason: string, cause?: unknown): Error {
  return new StartupError(
    `no DynamoDB engine: ${name}@${engineVersion} is not installed and ${reason}; ` +
      `set ${endpointSetting} to any DynamoDB endpoint (DynamoDB Local, AWS) to do without it`,
    { cause },
  );
}
