import { DynamoDBClient, GetItemCommand } from "@aws-sdk/client-dynamodb";
import { UnavailableError } from "@countersign/core/error/errors";
import { expect, test } from "vitest";
import { loopback } from "../test-support/dynamodb.ts";
import { freePort } from "../test-support/free-port.ts";
import { Hangup, Refusal, startJsonEndpoint } from "../test-support/json-endpoint.ts";
import { isThrottle, orUnavailable } from "./sdk-error.ts";

const get = new GetItemCommand({ TableName: "t", Key: { pk: { S: "a" } } });

async function failureOf(url: string): Promise<unknown> {
  const client = new DynamoDBClient({ ...loopback, endpoint: url, maxAttempts: 1 });
  try {
    return await orUnavailable(client.send(get), "table t").catch((error: unknown) => error);
  } finally {
    client.destroy();
  }
}

test.each([
  ["a throttle", new Refusal("ThrottlingException"), "store.throttled", 2],
  ["a used-up budget", new Refusal("ProvisionedThroughputExceededException"), "store.throttled", 2],
  ["a fault of the service", new Refusal("InternalServerError", 500), "store.unavailable", undefined],
  ["a broken connection", new Hangup(), "store.unavailable", undefined],
])("%s is unavailability, with its cause", async (_, failure, code, retryAfterSeconds) => {
  await using endpoint = await startJsonEndpoint({
    GetItem: () => {
      throw failure;
    },
  });
  const error = await failureOf(endpoint.url);
  expect(error).toBeInstanceOf(UnavailableError);
  expect(error).toMatchObject({ code, retryAfterSeconds });
  expect((error as UnavailableError).cause).toBeInstanceOf(Error);
});

test("no one listening is unavailability", async () => {
  const error = await failureOf(`http://127.0.0.1:${await freePort()}`);
  expect(error).toBeInstanceOf(UnavailableError);
  expect((error as Error).message).toBe("table t did not answer: ECONNREFUSED");
});

test.each([
  "ResourceNotFoundException",
  "AccessDeniedException",
  "ValidationException",
])("%s is thrown as it came", async (type) => {
  await using endpoint = await startJsonEndpoint({
    GetItem: () => {
      throw new Refusal(type);
    },
  });
  expect(await failureOf(endpoint.url)).toMatchObject({ name: type });
});

test("what is no object is no throttle", () => {
  expect(isThrottle(undefined)).toBe(false);
  expect(isThrottle("ThrottlingException")).toBe(false);
});
