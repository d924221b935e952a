import { DescribeExecutionCommand, ListExecutionsCommand, SFNClient } from "@aws-sdk/client-sfn";
import { expect, test } from "vitest";
import { loopback } from "../../test-support/dynamodb.ts";
import { Refusal, startJsonEndpoint } from "../../test-support/json-endpoint.ts";
import { paceCalls } from "./pace-calls.ts";

const rates = { DescribeExecutionCommand: 10, ListExecutionsCommand: 1 };

/** The waits that a client's calls were given, by a clock that stands still. */
async function waitsOf(use: (sfn: SFNClient) => Promise<unknown>): Promise<number[]> {
  const waits: number[] = [];
  const sleep = async (milliseconds: number) => {
    waits.push(milliseconds);
  };
  const throttle = () => {
    throw new Refusal("ThrottlingException");
  };
  await using endpoint = await startJsonEndpoint({ DescribeExecution: () => ({}), ListExecutions: throttle });
  const sfn = new SFNClient({ ...loopback, endpoint: endpoint.url, maxAttempts: 3 });
  try {
    await use(paceCalls(sfn, { clock: { now: () => 0 }, sleep }, rates));
  } finally {
    sfn.destroy();
  }
  return waits;
}

const describeOne = (sfn: SFNClient) => sfn.send(new DescribeExecutionCommand({ executionArn: "arn:one" }));
const listAll = (sfn: SFNClient) =>
  sfn.send(new ListExecutionsCommand({ stateMachineArn: "arn:machine" })).catch(() => undefined);

test("calls made at once wait for their turn, each kind at its own rate", async () => {
  expect(await waitsOf((sfn) => Promise.all([1, 2, 3, 4].map(() => describeOne(sfn))))).toEqual([
    100, 200, 300,
  ]);
});

test("the SDK's own retries wait for their turn too", async () => {
  expect(await waitsOf(listAll)).toEqual([1_000, 2_000]);
});
