import type { ServerResponse } from "node:http";
import { CountersignError } from "@countersign/core/error/errors";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { expectNoSecret, rejectionOf } from "../../test-support/error-text.ts";
import { unusedUrl } from "../../test-support/http-listener.ts";
import { providerAt } from "../../test-support/idp-client.ts";
import { clientId, clientSecret, grantAudience } from "../../test-support/issuer-config.ts";
import {
  type Answer,
  type CannedResponse,
  discoveryPath,
  metadataOf,
  type ScriptedProvider,
  startScriptedProvider,
} from "../../test-support/scripted-provider.ts";
import { randomToken } from "../../test-support/token-forge.ts";
import type { OAuthIdentityProvider } from "./identity-provider.ts";

const token = `${randomToken(16)}.${randomToken(64)}.${randomToken(64)}`;
const issued = randomToken();
const basic = Buffer.from(`${clientId}:${encodeURIComponent(clientSecret)}`).toString("base64");
const secrets = [token, issued, clientSecret, basic];
const now = Date.parse("2026-03-01T12:00:00Z");

let provider: ScriptedProvider;
let client: OAuthIdentityProvider;
beforeEach(async () => {
  provider = await startScriptedProvider();
  client = providerAt(provider.issuer, { now: () => now, timeoutSeconds: 1 });
});
afterEach(() => provider.close());

const operations = {
  exchange: {
    path: "/token",
    run: () => client.exchange({ subjectToken: token, audience: grantAudience, scopes: [] }),
  },
  introspect: { path: "/introspect", run: () => client.introspect(token) },
  revoke: { path: "/revoke", run: () => client.revoke(token) },
};
type Operation = keyof typeof operations;

/** Everything a provider could send back of what it was sent, and a token of its own. */
const echo = { error_description: `${token} ${clientSecret} ${basic}`, token, access_token: issued };
const oauthError = (status: number, error: string, headers: Record<string, string> = {}): CannedResponse => ({
  status,
  headers,
  json: { ...echo, error },
});
const challenge = (text: string): CannedResponse => ({ status: 401, headers: { "www-authenticate": text } });
const html = { "content-type": "text/html" };

function breakOff(response: ServerResponse): void {
  response.writeHead(200, { "content-type": "application/json", "content-length": "1000" });
  response.write(`{"access_token":"${issued}",`, () => response.socket?.resetAndDestroy());
}

function stall(response: ServerResponse): void {
  response.writeHead(200, { "content-type": "application/json" });
  response.write(`{"access_token":"${issued}",`);
}

const unavailable = {
  name: "UnavailableError",
  code: "provider.unavailable",
  definition: { retryable: true },
};
const unknown = { name: "OutcomeUnknownError", code: "provider.unavailable" };
const clientRefused = { name: "OAuthResponseError", code: "provider.client_refused" };
const exchangeRefused = { name: "OAuthResponseError", code: "provider.exchange_refused" };
/** The token is opaque, so that nothing can be read in it either. */
const uncheckable = {
  name: "RefusedError",
  code: "provider.token_uncheckable",
  definition: { status: 502, retryable: false },
};
const accepted = "accepted";
const unsupported = "unsupported";

type Outcome = object | typeof accepted | typeof unsupported;
type Trouble = readonly [
  what: string,
  answer: Answer,
  exchange: Outcome,
  introspect: Outcome,
  revoke: Outcome,
];
const everywhere = (outcome: object) => [outcome, outcome, outcome] as const;
const perhapsIssued = (facts: object = {}) =>
  [
    { ...unknown, ...facts },
    { ...unavailable, ...facts },
    { ...unavailable, ...facts },
  ] as const;

const troubles: readonly Trouble[] = [
  ["stays silent", "hang", ...perhapsIssued()],
  ["resets the connection once it has the request", "reset", ...perhapsIssued()],
  ["breaks off in the middle of its answer", breakOff, ...perhapsIssued()],
  ["stalls in the middle of its answer", stall, ...perhapsIssued()],
  ["answers 500 with a page", { status: 500, headers: html, text: `<p>${token}</p>` }, ...perhapsIssued()],
  ["answers 500 server_error", oauthError(500, "server_error"), ...perhapsIssued()],
  ["answers 400 server_error", oauthError(400, "server_error"), ...perhapsIssued()],
  [
    "answers 503, later in 7 s",
    { status: 503, headers: { "retry-after": "7" } },
    ...perhapsIssued({ retryAfterSeconds: 7 }),
  ],
  [
    "answers 503, later at a date",
    { status: 503, headers: { "retry-after": "Sun, 01 Mar 2026 12:01:30 GMT" } },
    ...perhapsIssued({ retryAfterSeconds: 90 }),
  ],
  [
    "answers 429, later in 30 s",
    { status: 429, headers: { "retry-after": "30" }, text: token },
    ...everywhere({ ...unavailable, retryAfterSeconds: 30 }),
  ],
  [
    "answers 429 with an OAuth error, later at a date",
    oauthError(429, "invalid_request", { "retry-after": "Sun, 01 Mar 2026 12:00:05 GMT" }),
    ...everywhere({ ...unavailable, retryAfterSeconds: 5 }),
  ],
  [
    "answers 429 without a time",
    { status: 429 },
    ...everywhere({ ...unavailable, retryAfterSeconds: undefined }),
  ],
  ["answers temporarily_unavailable", oauthError(400, "temporarily_unavailable"), ...everywhere(unavailable)],
  ["answers slow_down", oauthError(400, "slow_down"), ...everywhere(unavailable)],
  ["redirects", { status: 302, headers: { location: "/elsewhere" } }, ...everywhere(unavailable)],
  [
    "redirects with the method kept",
    { status: 307, headers: { location: "/elsewhere" } },
    ...everywhere(unavailable),
  ],
  ["answers 404 with a page", { status: 404, headers: html, text: token }, ...everywhere(unavailable)],
  ["answers 200 with a page", { headers: html, text: `<p>${token}</p>` }, unknown, unavailable, accepted],
  [
    "answers 200 with half a JSON text",
    { headers: { "content-type": "application/json" }, text: `{"access_token":"${issued}"` },
    unknown,
    unavailable,
    accepted,
  ],
  ["answers 200 with an empty object", { json: {} }, unknown, unavailable, accepted],
  ["answers 200 with a list", { json: [echo] }, unknown, unavailable, accepted],
  ["answers 204", { status: 204 }, unknown, unavailable, accepted],
  ["answers more than it may", { json: { ...echo, padding: "x".repeat(300_000) } }, ...perhapsIssued()],
  [
    "refuses the client in a Basic challenge",
    challenge('Basic realm="x", error="invalid_client"'),
    ...everywhere({ ...clientRefused, oauthError: "invalid_client" }),
  ],
  [
    "refuses the client in a challenge without an error",
    challenge('Basic realm="x"'),
    ...everywhere({ ...clientRefused, oauthError: "invalid_client" }),
  ],
  ["answers 401 invalid_client", oauthError(401, "invalid_client"), ...everywhere(clientRefused)],
  ["answers 400 invalid_client", oauthError(400, "invalid_client"), ...everywhere(clientRefused)],
  [
    "answers 401 unauthorized_client",
    oauthError(401, "unauthorized_client"),
    ...everywhere({ ...clientRefused, oauthError: "unauthorized_client" }),
  ],
  ["answers a bare 401", { status: 401 }, ...everywhere({ ...clientRefused, oauthError: "invalid_client" })],
  [
    "answers 400 unsupported_token_type",
    oauthError(400, "unsupported_token_type"),
    { ...exchangeRefused, oauthError: "unsupported_token_type" },
    uncheckable,
    unsupported,
  ],
  [
    "answers 400 invalid_grant",
    oauthError(400, "invalid_grant"),
    exchangeRefused,
    clientRefused,
    clientRefused,
  ],
  [
    "answers 403 access_denied",
    oauthError(403, "access_denied"),
    exchangeRefused,
    clientRefused,
    clientRefused,
  ],
  [
    "answers with the token for an error",
    oauthError(400, token),
    { ...exchangeRefused, oauthError: "unrecognized_error" },
    { ...clientRefused, oauthError: "unrecognized_error" },
    { ...clientRefused, oauthError: "unrecognized_error" },
  ],
];

async function expectOutcome(operation: Operation, outcome: Outcome): Promise<void> {
  const { run } = operations[operation];
  if (typeof outcome === "string") {
    await expect(run()).resolves.toBe(outcome);
    return;
  }
  const error = await rejectionOf(run());
  expect(error).toBeInstanceOf(CountersignError);
  expect(error).toMatchObject(outcome);
  expect(error).toHaveProperty("message", expect.stringContaining(`${operation} at "${provider.issuer}"`));
  expectNoSecret(error, secrets);
}

describe.each(troubles)("a provider that %s", (_what, answer, ...outcomes) => {
  test.each(["exchange", "introspect", "revoke"] as const)("at %s", async (operation) => {
    provider.answers.set(operations[operation].path, answer);
    await expectOutcome(operation, outcomes[Object.keys(operations).indexOf(operation)] ?? {});
    expect(provider.count(operations[operation].path)).toBe(1);
    expect(provider.count("/elsewhere")).toBe(0);
  });
});

describe.each(["exchange", "introspect", "revoke"] as const)("%s was certainly not heard", (operation) => {
  const endpoint = {
    exchange: "token_endpoint",
    introspect: "introspection_endpoint",
    revoke: "revocation_endpoint",
  }[operation];
  const endpointAt = (url: string | undefined) =>
    provider.answers.set(discoveryPath, { json: { ...metadataOf(provider.issuer), [endpoint]: url } });

  test("when nothing listens at its endpoint", async () => {
    endpointAt(await unusedUrl());
    await expectOutcome(operation, { ...unavailable, cause: { code: "ECONNREFUSED" } });
  });

  test("when the metadata names no endpoint", async () => {
    endpointAt(undefined);
    const missing = { ...unavailable, cause: { code: "OAUTH_MISSING_SERVER_METADATA" } };
    const outcomes: Record<Operation, Outcome> = {
      exchange: missing,
      introspect: uncheckable,
      revoke: unsupported,
    };
    await expectOutcome(operation, outcomes[operation]);
  });

  test("when the endpoint is plain http on another machine", async () => {
    endpointAt("http://id.example/endpoint");
    await expectOutcome(operation, { ...unavailable, cause: { code: "HTTP_URL_FORBIDDEN" } });
  });

  test("when the endpoint is no URL", async () => {
    endpointAt("not a url");
    await expectOutcome(operation, unavailable);
  });
});
