import { SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { UnavailableError } from "@countersign/core/error/errors";
import { afterEach, beforeEach, expect, test } from "vitest";
import { loopback } from "../../test-support/dynamodb.ts";
import { type JsonEndpoint, Refusal, startJsonEndpoint } from "../../test-support/json-endpoint.ts";
import { createSecretReader, type SecretReader } from "./secrets.ts";

let endpoint: JsonEndpoint;
let secretsManager: SecretsManagerClient;
let secrets: SecretReader;
let now = 0;
let current: string | undefined | Refusal;

beforeEach(async () => {
  now = 0;
  current = "first";
  endpoint = await startJsonEndpoint({
    GetSecretValue: ({ SecretId }) => {
      if (current instanceof Refusal) throw current;
      return { Name: SecretId, ...(current !== undefined && { SecretString: `${SecretId}:${current}` }) };
    },
  });
  secretsManager = new SecretsManagerClient({ ...loopback, endpoint: endpoint.url, maxAttempts: 1 });
  secrets = createSecretReader({ secretsManager, clock: { now: () => now } });
});
afterEach(async () => {
  secretsManager.destroy();
  await endpoint[Symbol.asyncDispose]();
});

test("a secret is asked for once a minute, however many wait for it", async () => {
  const values = await Promise.all(Array.from({ length: 16 }, () => secrets.read("client")));
  expect(new Set(values)).toEqual(new Set(["client:first"]));
  current = "second";
  now = 59_999;
  expect(await secrets.read("client")).toBe("client:first");
  expect(endpoint.requests).toHaveLength(1);
  now = 60_000;
  expect(await secrets.read("client")).toBe("client:second");
});

test("a refresh asks anew, and what it finds is what is read from then on", async () => {
  await secrets.read("client");
  current = "second";
  expect(await Promise.all([secrets.refresh("client"), secrets.refresh("client")])).toEqual([
    "client:second",
    "client:second",
  ]);
  expect(await secrets.read("client")).toBe("client:second");
  expect(endpoint.requests).toHaveLength(2);
});

test("a hundred who ask anew at once are answered by one request", async () => {
  await secrets.read("client");
  current = "second";
  const values = await Promise.all(Array.from({ length: 100 }, () => secrets.refresh("client")));
  expect(new Set(values)).toEqual(new Set(["client:second"]));
  expect(endpoint.requests).toHaveLength(2);
});

test("it is the current version that is read, so that a rotation's pending one is never used", async () => {
  await secrets.read("client");
  await secrets.refresh("client");
  for (const { input } of endpoint.requests) expect(input).toEqual({ SecretId: "client" });
});

test("secrets of different names are kept apart", async () => {
  expect(await Promise.all([secrets.read("a"), secrets.read("b")])).toEqual(["a:first", "b:first"]);
});

test("a failure is unavailability, and is not kept", async () => {
  current = new Refusal("InternalServiceError", 500);
  await expect(secrets.read("client")).rejects.toBeInstanceOf(UnavailableError);
  current = "first";
  expect(await secrets.read("client")).toBe("client:first");
});

test("a binary secret is refused by name", async () => {
  current = undefined;
  await expect(secrets.read("client")).rejects.toMatchObject({
    code: "config.invalid",
    message: 'secret "client" is binary, expected text',
  });
});
