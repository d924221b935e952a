import { exitCodes } from "../output/exit-codes.ts";
import { CommandError } from "../output/failure.ts";
import { askProvider, discoverTokenEndpoint, type ProviderAnswer } from "./discover.ts";
import { type EmbeddedRuntime, readSecret, type SeededClient } from "./runtime-file.ts";

export interface TokenRequest {
  readonly runtime: EmbeddedRuntime;
  readonly client: SeededClient;
  readonly scopes: readonly string[];
  /** The options that led to this client and scopes, for who is refused. */
  readonly options: "--as" | "--client and --scope";
}

export interface AccessToken {
  readonly value: string;
  /** Epoch milliseconds; unknown when the provider does not say. */
  readonly expiresAt?: number;
}

/**
 * Gets an access token from the embedded provider as one of its seeded clients (RFC 6749 §4.4, RFC 8707).
 *
 * @throws {CommandError} when the provider refuses, or gives less than was asked for.
 * @throws {ConnectionError} when the provider does not answer.
 */
export async function requestToken(request: TokenRequest, now: () => number): Promise<AccessToken> {
  const endpoint = await discoverTokenEndpoint(request.runtime.issuer);
  const answer = await askProvider(endpoint, {
    method: "POST",
    headers: { authorization: await basic(request.client), accept: "application/json" },
    body: new URLSearchParams({
      grant_type: "client_credentials",
      scope: request.scopes.join(" "),
      resource: request.runtime.audience,
    }),
  });
  const token = readToken(answer, request, now());
  checkScopes(answer, request);
  return token;
}

/** RFC 6749 §2.3.1: both parts are form-encoded before they are joined. */
async function basic(client: SeededClient): Promise<string> {
  const encode = (text: string): string => new URLSearchParams({ v: text }).toString().slice(2);
  const pair = `${encode(client.id)}:${encode(await readSecret(client))}`;
  return `Basic ${Buffer.from(pair).toString("base64")}`;
}

function readToken({ status, body }: ProviderAnswer, request: TokenRequest, now: number): AccessToken {
  const { access_token: value, token_type: type, expires_in: seconds } = body;
  if (status !== 200) throw refused(status, body, request);
  if (typeof value !== "string" || typeof type !== "string" || type.toLowerCase() !== "bearer") {
    throw new CommandError(
      `the identity provider answered client ${request.client.id} with no bearer token`,
      "check the issuer in runtime.json",
      exitCodes.unavailable,
    );
  }
  return typeof seconds === "number" ? { value, expiresAt: now + seconds * 1000 } : { value };
}

function refused(status: number, body: ProviderAnswer["body"], request: TokenRequest): CommandError {
  const { client, scopes, options } = request;
  const { error, error_description: description } = body;
  const reason = [error, description].filter((text) => typeof text === "string").join(": ");
  return new CommandError(
    `the identity provider refused client ${client.id} a token: ${reason || `status ${status}`}`,
    `check ${options} against the clients in runtime.json; asked for was ${scopes.join(" ")}`,
    status >= 500 ? exitCodes.unavailable : exitCodes.refused,
  );
}

/** A provider may leave scopes out without a word (RFC 6749 §3.3); absent means all that were asked for. */
function checkScopes({ body }: ProviderAnswer, { scopes, client }: TokenRequest): void {
  if (typeof body["scope"] !== "string") return;
  const given = new Set(body["scope"].split(" "));
  const missing = scopes.filter((scope) => !given.has(scope));
  if (missing.length === 0) return;
  throw new CommandError(
    `the identity provider gave client ${client.id} a token without the scope ${missing.join(" ")}`,
    "ask for scopes that the client has in runtime.json",
    exitCodes.refused,
  );
}
