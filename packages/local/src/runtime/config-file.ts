import { statSync } from "node:fs";
import { dirname, relative, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { type Config, parseConfig } from "@countersign/core/config/config";
import { CountersignError } from "@countersign/core/error/errors";
import { StartupError } from "./startup-error.ts";

export interface LoadedConfig {
  readonly config: Config;
  /** Folder that the paths in `local` start from. */
  readonly folder: string;
}

/**
 * Loads and validates a configuration file; a TypeScript one is run as it is.
 *
 * `issuer` is where the embedded authorization server will listen; the file reads it from the environment.
 *
 * @throws {StartupError} naming the file and the field.
 */
export async function loadConfigFile(file: string, issuer: string): Promise<LoadedConfig> {
  const path = resolve(file);
  const shown = relative(process.cwd(), path) || path;
  const found = statSync(path, { throwIfNoEntry: false });
  const remedy = "run this in the project's folder, or name the file with --config";
  if (!found) throw new StartupError(`${shown} does not exist: ${remedy}`);
  if (!found.isFile()) throw new StartupError(`${shown} is not a file: ${remedy}`);
  process.env["COUNTERSIGN_ISSUER"] = issuer;
  const written = await importDefault(path, shown);
  try {
    return { config: parseConfig(written), folder: dirname(path) };
  } catch (error) {
    if (error instanceof CountersignError)
      throw new StartupError(`${shown}: ${error.message.replaceAll("\n", "; ")}`);
    throw error;
  }
}

async function importDefault(path: string, shown: string): Promise<unknown> {
  let module: { default?: unknown };
  try {
    module = (await import(pathToFileURL(path).href)) as { default?: unknown };
  } catch (error) {
    throw new StartupError(`${shown} does not load: ${placeOf(error, path)}${firstLine(error)}`);
  }
  if (module.default === undefined)
    throw new StartupError(`${shown} has no default export, expected defineConfig({ … })`);
  return module.default;
}

function firstLine(error: unknown): string {
  const [line = ""] = String(error instanceof Error ? error.message : error).split("\n");
  return line;
}

/** The line of a syntax error, which only its stack tells. */
function placeOf(error: unknown, path: string): string {
  if (!(error instanceof SyntaxError)) return "";
  const [, after = ""] = (error.stack ?? "").split(path);
  const [, line] = /^:(\d+)/.exec(after) ?? [];
  return line === undefined ? "" : `line ${line}: `;
}
