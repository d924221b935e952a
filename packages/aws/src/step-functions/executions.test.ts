import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { SFNClient } from "@aws-sdk/client-sfn";
import { OutcomeUnknownError, RefusedError, UnavailableError } from "@countersign/core/error/errors";
import { expect, test } from "vitest";
import { loopback } from "../../test-support/dynamodb.ts";
import { freePort } from "../../test-support/free-port.ts";
import { Hangup, type Operations, Refusal, startJsonEndpoint } from "../../test-support/json-endpoint.ts";
import { createExecutionReader, createExecutionStarter, createExecutionStopper } from "./executions.ts";

const executionArn = "arn:aws:states:us-east-1:123456789012:execution:payout:cs-1";
const stateMachineArn = "arn:aws:states:us-east-1:123456789012:stateMachine:payout";
const request = { startArn: stateMachineArn, name: "cs-1", input: "{}" };
const started = { executionArn, startDate: 1770000000.123 };
const described = { executionArn, stateMachineArn, status: "RUNNING", startDate: 1770000000.123 };

/** Answers each call with the next of `answers`, an error by throwing it; the last one stays. */
function inTurn(...answers: unknown[]): () => unknown {
  return () => {
    const answer = answers.length > 1 ? answers.shift() : answers[0];
    if (answer instanceof Error) throw answer;
    return answer;
  };
}

async function withSfn<T>(operations: Operations, use: (sfn: SFNClient) => Promise<T>): Promise<T> {
  await using endpoint = await startJsonEndpoint(operations);
  const sfn = new SFNClient({ ...loopback, endpoint: endpoint.url, maxAttempts: 2 });
  try {
    return await use(sfn);
  } finally {
    sfn.destroy();
  }
}

const startWith = (...answers: unknown[]) =>
  withSfn({ StartExecution: inTurn(...answers) }, (sfn) => createExecutionStarter({ sfn }).start(request));
const throttle = new Refusal("ThrottlingException");
const fault = new Refusal("InternalServerError", 500);

test("a start is answered with the execution's ARN and its start in milliseconds", async () => {
  expect(await startWith(started)).toEqual({ started: true, executionArn, startDate: 1770000000123 });
});

test("a start that was answered after a lost answer is the same start", async () => {
  expect(await startWith(new Hangup(), started)).toMatchObject({ started: true });
});

test("a name taken by another input or a closed execution exists", async () => {
  expect(await startWith(new Refusal("ExecutionAlreadyExists"))).toEqual({
    started: false,
    reason: "exists",
  });
});

test.each([
  "StateMachineDoesNotExist",
  "InvalidExecutionInput",
  "AccessDeniedException",
  "ExecutionLimitExceeded",
])("%s refuses the start for good", async (type) => {
  const error = await startWith(new Refusal(type)).catch((cause: unknown) => cause);
  expect(error).toBeInstanceOf(RefusedError);
  expect(error).toMatchObject({ code: "execution.start_refused", message: expect.stringContaining(type) });
});

test.each([
  ["a broken connection", [new Hangup()]],
  ["a fault of the service", [fault]],
  ["a throttle after a broken connection", [new Hangup(), throttle]],
  ["a refusal after a fault", [fault, new Refusal("AccessDeniedException")]],
  ["a taken name after a broken connection", [new Hangup(), new Refusal("ExecutionAlreadyExists")]],
])("after %s it is not known whether it started", async (_, answers) => {
  await expect(startWith(...answers)).rejects.toBeInstanceOf(OutcomeUnknownError);
});

test.each([
  ["breaks off", '{"executionArn":"arn:x","startDa'],
  ["is not JSON", "<html></html>"],
  ["is empty", ""],
  ["lacks the ARN", JSON.stringify({ startDate: started.startDate })],
  ["lacks the start's date", JSON.stringify({ executionArn })],
  ["has a date that is none", JSON.stringify({ executionArn, startDate: "soon" })],
])("after an answer that %s it is not known whether it started", async (_, body) => {
  const server = createServer((_request, response) => {
    response.writeHead(200, { "content-type": "application/x-amz-json-1.0" });
    response.end(body);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const sfn = new SFNClient({ ...loopback, endpoint: `http://127.0.0.1:${port}`, maxAttempts: 2 });
  try {
    await expect(createExecutionStarter({ sfn }).start(request)).rejects.toBeInstanceOf(OutcomeUnknownError);
  } finally {
    sfn.destroy();
    server.close();
  }
});

test("a start without credentials was never sent, and is thrown as it is", async () => {
  const missing = new Error("no credentials");
  const credentials = () => Promise.reject(missing);
  const sfn = new SFNClient({ ...loopback, endpoint: "http://127.0.0.1:9", credentials });
  await expect(createExecutionStarter({ sfn }).start(request)).rejects.toBe(missing);
  sfn.destroy();
});

test("nobody listening is an unknown outcome too", async () => {
  const sfn = new SFNClient({
    ...loopback,
    endpoint: `http://127.0.0.1:${await freePort()}`,
    maxAttempts: 1,
  });
  await expect(createExecutionStarter({ sfn }).start(request)).rejects.toBeInstanceOf(OutcomeUnknownError);
  sfn.destroy();
});

test("a start that was throttled in every try did not happen", async () => {
  await expect(startWith(throttle)).rejects.toBeInstanceOf(UnavailableError);
});

test("an execution is described without what its answer left out", async () => {
  const whole = {
    ...described,
    status: "FAILED",
    stopDate: 1770000001,
    redriveCount: 2,
    error: "E",
    input: "{}",
  };
  const read = (answer: unknown) =>
    withSfn({ DescribeExecution: inTurn(answer) }, (sfn) =>
      createExecutionReader({ sfn }).describe(executionArn),
    );
  expect(await read(described)).toEqual({ ...described, startDate: 1770000000123, redriveCount: 0 });
  expect(await read(whole)).toEqual({
    ...whole,
    startDate: 1770000000123,
    stopDate: 1770000001000,
  });
  expect(await read(new Refusal("ExecutionDoesNotExist"))).toBeUndefined();
  await expect(read(new Hangup())).rejects.toBeInstanceOf(UnavailableError);
});

test("a Map's child leads to the execution that runs the Map", async () => {
  const mapRunArn = "arn:aws:states:us-east-1:123456789012:mapRun:payout/Each:1";
  const parentOf = (child: unknown) =>
    withSfn(
      {
        DescribeExecution: inTurn(child),
        DescribeMapRun: (input) => {
          expect(input).toEqual({ mapRunArn });
          return { mapRunArn, executionArn };
        },
      },
      (sfn) => createExecutionReader({ sfn }).mapParent("arn:child"),
    );
  expect(await parentOf({ ...described, mapRunArn })).toBe(executionArn);
  expect(await parentOf(described)).toBeUndefined();
  expect(await parentOf(new Refusal("ExecutionDoesNotExist"))).toBeUndefined();
});

test("a running execution is stopped with error and cause, one that is not running is left alone", async () => {
  const stops: unknown[] = [];
  const stop = (answer: unknown) =>
    withSfn(
      {
        DescribeExecution: inTurn(answer),
        StopExecution: (input) => {
          stops.push(input);
          return { stopDate: 1770000002 };
        },
      },
      (sfn) => createExecutionStopper({ sfn }).stop(executionArn, { error: "Stopped", cause: "by ada" }),
    );
  expect(await stop(described)).toBe(true);
  expect(stops).toEqual([{ executionArn, error: "Stopped", cause: "by ada" }]);
  expect(await stop({ ...described, status: "SUCCEEDED" })).toBe(false);
  expect(await stop(new Refusal("ExecutionDoesNotExist"))).toBe(false);
  expect(stops).toHaveLength(1);
});
