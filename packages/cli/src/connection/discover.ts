import { exitCodes } from "../output/exit-codes.ts";
import { CommandError } from "../output/failure.ts";
import { ProviderConnectionError } from "./transient.ts";

const timeoutMs = 30_000;

/** An answer of the provider: its status and, when it is one, its JSON object. */
export interface ProviderAnswer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

/**
 * Finds the token endpoint of an issuer (RFC 8414 §3, else OpenID Connect Discovery §4).
 *
 * @throws {CommandError} when the metadata is not this issuer's.
 * @throws {ProviderConnectionError} when nothing answers.
 */
export async function discoverTokenEndpoint(issuer: string): Promise<string> {
  for (const url of metadataUrls(issuer)) {
    const { status, body } = await askProvider(url, {});
    if (status !== 200) continue;
    if (body["issuer"] !== issuer) {
      throw malformed(issuer, `its metadata names another issuer (RFC 8414 §3.3)`);
    }
    const endpoint = body["token_endpoint"];
    if (typeof endpoint !== "string" || !URL.canParse(endpoint)) {
      throw malformed(issuer, "its metadata has no token_endpoint");
    }
    // the client's secret goes there: to the issuer's own origin and nowhere else
    if (new URL(endpoint).origin !== new URL(issuer).origin) {
      throw malformed(issuer, `its token_endpoint is at ${new URL(endpoint).origin}`);
    }
    return endpoint;
  }
  throw malformed(issuer, "it has no metadata (RFC 8414)");
}

/** Sends one request to the provider, without following redirects. @throws {ProviderConnectionError} */
export async function askProvider(url: string, init: RequestInit): Promise<ProviderAnswer> {
  try {
    const response = await fetch(url, {
      ...init,
      redirect: "manual",
      signal: AbortSignal.timeout(timeoutMs),
    });
    return { status: response.status, body: parseObject(await response.text()) };
  } catch (cause) {
    throw new ProviderConnectionError(
      `no answer from the identity provider at ${new URL(url).origin}`,
      'start the embedded runtime with "countersign up"',
      cause,
    );
  }
}

function metadataUrls(issuer: string): string[] {
  if (!URL.canParse(issuer)) throw malformed(issuer, "it is not a URL");
  const { origin, pathname } = new URL(issuer);
  const path = pathname.replace(/\/$/, "");
  return [
    `${origin}/.well-known/oauth-authorization-server${path}`,
    `${origin}${path}/.well-known/openid-configuration`,
  ];
}

function parseObject(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

function malformed(issuer: string, fact: string): CommandError {
  return new CommandError(
    `the issuer ${issuer} cannot give tokens: ${fact}`,
    'check that runtime.json is that of the running runtime, or start it with "countersign up"',
    exitCodes.unavailable,
  );
}
