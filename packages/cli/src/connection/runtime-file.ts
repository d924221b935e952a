import { readFile, stat } from "node:fs/promises";
import { dirname, isAbsolute, join, relative, resolve } from "node:path";
import { exitCodes } from "../output/exit-codes.ts";
import { CommandError } from "../output/failure.ts";

/** One of the clients that the embedded runtime registers with its own provider. */
export interface SeededClient {
  readonly id: string;
  /** Absolute path of the file that holds the client's secret. */
  readonly secretFile: string;
  readonly scopes: readonly string[];
}

/** Where the embedded runtime listens, as it says in `runtime.json`. */
export interface EmbeddedRuntime {
  readonly file: string;
  readonly api: string;
  readonly issuer: string;
  readonly audience: string;
  /** In the order of the file. */
  readonly clients: readonly SeededClient[];
}

export interface RuntimeLocation {
  /** The state folder, from `--state-dir`. */
  readonly stateDir?: string | undefined;
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
}

const defaultStateDir = ".countersign";
const fileName = "runtime.json";

/**
 * Finds and reads the embedded runtime's file: in the state folder that is named, else in the nearest
 * `.countersign` from the working folder upward. Undefined when there is none.
 *
 * @throws {CommandError} when the named folder has none, or the file is malformed or not this person's.
 */
export async function findRuntime(location: RuntimeLocation): Promise<EmbeddedRuntime | undefined> {
  const named = location.stateDir ?? (location.env["COUNTERSIGN_STATE_DIR"] || undefined);
  if (named !== undefined) {
    const file = resolve(location.cwd, named, fileName);
    return (await readRuntime(file)) ?? failWith(`${file} does not exist`, startIt);
  }
  for (let folder = location.cwd; ; folder = dirname(folder)) {
    const runtime = await readRuntime(join(folder, defaultStateDir, fileName));
    if (runtime || dirname(folder) === folder) return runtime;
  }
}

/** The secret of a seeded client. @throws {CommandError} when it cannot be read. */
export async function readSecret({ id, secretFile }: SeededClient): Promise<string> {
  try {
    return (await readFile(secretFile, "utf8")).trim();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return failWith(`the secret of client ${id} cannot be read from ${secretFile} (${code})`, startAgain);
  }
}

const startIt = 'start the embedded runtime with "countersign up"';
const startAgain = 'start the embedded runtime again with "countersign up"';

async function readRuntime(file: string): Promise<EmbeddedRuntime | undefined> {
  try {
    await checkOwner(file);
    return parseRuntime(file, JSON.parse(await readFile(file, "utf8")));
  } catch (error) {
    if (error instanceof CommandError) throw error;
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    const fact = error instanceof SyntaxError ? "is not JSON" : `cannot be read (${code})`;
    return failWith(`${file} ${fact}`, startAgain);
  }
}

/** The file says where tokens are sent, so one that somebody else put into a shared folder is refused. */
async function checkOwner(file: string): Promise<void> {
  const { uid, mode } = await stat(file);
  if (process.getuid === undefined) return;
  if (uid !== process.getuid() || (mode & 0o022) !== 0) {
    failWith(
      `${file} belongs to, or can be written by, somebody else`,
      "name your own state folder with --state-dir, or the API with --api",
    );
  }
}

function parseRuntime(file: string, value: unknown): EmbeddedRuntime {
  const fields = object(value, file, "the file");
  const stateDir = dirname(file);
  const clients = Object.entries(object(fields["clients"], file, "clients")).map(([id, client]) => {
    const { secretFile, scopes } = object(client, file, `clients.${id}`);
    return {
      id,
      secretFile: inside(stateDir, string(secretFile, file, `clients.${id}.secretFile`), file),
      scopes: strings(scopes, file, `clients.${id}.scopes`),
    };
  });
  return {
    file,
    api: string(fields["api"], file, "api"),
    issuer: string(fields["issuer"], file, "issuer"),
    audience: string(fields["audience"], file, "audience"),
    clients,
  };
}

function inside(folder: string, path: string, file: string): string {
  const full = resolve(folder, path);
  const way = relative(folder, full);
  if (!way.startsWith("..") && !isAbsolute(way)) return full;
  return failWith(`${file} names the secret file ${path}, expected one inside its folder`, startAgain);
}

function object(value: unknown, file: string, field: string): Record<string, unknown> {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    return value as Record<string, unknown>;
  }
  return failWith(`${file} is malformed: ${field} is not an object`, startAgain);
}

function string(value: unknown, file: string, field: string): string {
  if (typeof value === "string" && value !== "") return value;
  return failWith(`${file} is malformed: ${field} is not a string`, startAgain);
}

function strings(value: unknown, file: string, field: string): string[] {
  if (Array.isArray(value) && value.every((one) => typeof one === "string")) return value;
  return failWith(`${file} is malformed: ${field} is not a list of strings`, startAgain);
}

function failWith(message: string, fix: string): never {
  throw new CommandError(message, fix, exitCodes.unavailable);
}
