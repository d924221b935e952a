import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { type Client, createClient } from "@countersign/client/client";
import { unreadable } from "../input/json-input.ts";
import { exitCodes } from "../output/exit-codes.ts";
import { CommandError, usageError } from "../output/failure.ts";
import type { Terminal } from "../output/terminal.ts";
import { type AccessToken, requestToken } from "./request-token.ts";
import { type EmbeddedRuntime, findRuntime } from "./runtime-file.ts";
import { chooseClient, type NeededScopes, scopesFor } from "./seeded-client.ts";

/** The options that every command of the API takes. */
export interface ConnectionOptions {
  readonly api?: string;
  readonly tokenFile?: string;
  readonly stateDir?: string;
  /** The seeded client to act as. */
  readonly as?: string;
}

export interface Connection {
  readonly client: Client;
  /** The embedded runtime, when the API is its own. */
  readonly runtime: EmbeddedRuntime | undefined;
}

type TokenSource = () => Promise<string>;

/** A token is renewed this long before its end. */
const renewMs = 30_000;

/**
 * Makes a client of the API that the options, the environment or the embedded runtime name.
 *
 * @throws {CommandError} when no API or no token is to be had.
 */
export async function connect(
  options: ConnectionOptions,
  needed: NeededScopes,
  terminal: Terminal,
): Promise<Connection> {
  const { env, cwd } = terminal;
  const given = options.api ?? (env["COUNTERSIGN_API"] || undefined);
  const hasOwnToken = options.tokenFile !== undefined || Boolean(env["COUNTERSIGN_TOKEN"]);
  const found =
    given && hasOwnToken ? undefined : await findRuntime({ stateDir: options.stateDir, env, cwd });
  const baseUrl = given ?? found?.api ?? noApi();
  const runtime = found && isSameApi(found.api, baseUrl) ? found : undefined;
  const token = tokenSource(options, needed, terminal, runtime);
  return { client: clientOf(baseUrl, token), runtime };
}

function clientOf(baseUrl: string, token: TokenSource): Client {
  try {
    return createClient({ baseUrl, token });
  } catch (error) {
    throw usageError((error as Error).message, "give the API's address with --api or COUNTERSIGN_API");
  }
}

function tokenSource(
  options: ConnectionOptions,
  needed: NeededScopes,
  { env, cwd }: Terminal,
  runtime: EmbeddedRuntime | undefined,
): TokenSource {
  const { tokenFile } = options;
  if (tokenFile !== undefined) return () => readToken(resolve(cwd, tokenFile));
  const token = env["COUNTERSIGN_TOKEN"];
  if (token) return async () => checked(token.trim(), "COUNTERSIGN_TOKEN");
  if (!runtime) {
    throw usageError(
      "no access token, and the API is not that of an embedded runtime",
      "set COUNTERSIGN_TOKEN, or name a file that holds a token with --token-file",
    );
  }
  return renewing(runtime, needed, options.as);
}

/** Read before each request, so that whatever renews the file need not tell us. */
async function readToken(path: string): Promise<string> {
  const content = await readFile(path, "utf8").catch((error: unknown) => {
    throw unreadable(path, error);
  });
  return checked(content.trim(), path);
}

function checked(token: string, source: string): string {
  if (/^[A-Za-z0-9._~+/-]+=*$/.test(token)) return token;
  throw usageError(
    `${source} does not hold a bearer token (RFC 6750 §2.1)`,
    "put the access token there alone, without quotes or the word Bearer",
  );
}

function renewing(runtime: EmbeddedRuntime, needed: NeededScopes, as: string | undefined): TokenSource {
  const client = chooseClient(runtime, needed, as);
  const scopes = scopesFor(client, needed);
  let token: AccessToken | undefined;
  return async () => {
    if (token === undefined || (token.expiresAt ?? Number.POSITIVE_INFINITY) - renewMs < Date.now()) {
      token = await requestToken({ runtime, client, scopes, options: "--as" }, Date.now);
    }
    return token.value;
  };
}

/** Tokens of the embedded provider go to the embedded API alone. */
function isSameApi(embedded: string, other: string): boolean {
  return URL.canParse(embedded) && URL.canParse(other) && new URL(embedded).origin === new URL(other).origin;
}

function noApi(): never {
  throw new CommandError(
    "no API to ask: no .countersign/runtime.json from this folder upward",
    'start the embedded runtime with "countersign up", or give --api or COUNTERSIGN_API',
    exitCodes.unavailable,
  );
}
