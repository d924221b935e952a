import {
  DescribeExecutionCommand,
  GetExecutionHistoryCommand,
  ListExecutionsCommand,
  StartExecutionCommand,
  type StartExecutionCommandInput,
  StopExecutionCommand,
} from "@aws-sdk/client-sfn";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Endpoint, openEndpoint, refusal, waiting } from "../testing/endpoint.ts";
import { testRole } from "../testing/harness.ts";

const day = 24 * 60 * 60 * 1000;

let endpoint: Endpoint;

beforeAll(async () => {
  endpoint = await openEndpoint();
});

afterAll(() => endpoint.close());

describe("executions", () => {
  test("are described with dates, data and what cannot be redriven", async () => {
    const arn = await endpoint.create("described");
    const described = await endpoint.ended(await endpoint.start(arn, { name: "one", input: '{ "a": 1 }' }));
    expect(described).toMatchObject({
      executionArn: "arn:aws:states:us-east-1:000000000000:execution:described:one",
      stateMachineArn: arn,
      name: "one",
      status: "SUCCEEDED",
      input: '{ "a": 1 }',
      inputDetails: { included: true },
      output: '{"v":1}',
      outputDetails: { included: true },
      redriveCount: 0,
      redriveStatus: "NOT_REDRIVABLE",
      redriveStatusReason: "Execution is SUCCEEDED and cannot be redriven",
    });
    expect(described.startDate).toBeInstanceOf(Date);
    expect(described.stopDate?.getTime()).toBeGreaterThanOrEqual(described.startDate?.getTime() ?? 0);
    expect(described.error).toBeUndefined();
  });

  test("of one name are one while they run with one input, and refused after", async () => {
    const arn = await endpoint.create("named", { definition: waiting });
    const first = await endpoint.sfn.send(
      new StartExecutionCommand({ stateMachineArn: arn, name: "n", input: "{}" }),
    );
    const second = await endpoint.sfn.send(
      new StartExecutionCommand({ stateMachineArn: arn, name: "n", input: "{}" }),
    );
    expect(second).toMatchObject({ executionArn: first.executionArn, startDate: first.startDate });
    const exists = refusal("ExecutionAlreadyExists", /Execution Already Exists: 'arn:/);
    await expect(endpoint.start(arn, { name: "n", input: "[]" })).rejects.toMatchObject(exists);
    await endpoint.sfn.send(new StopExecutionCommand({ executionArn: first.executionArn }));
    await expect(endpoint.start(arn, { name: "n", input: "{}" })).rejects.toMatchObject(exists);
  });

  test("give their name free 90 days after their end", async () => {
    const arn = await endpoint.create("ninety");
    await endpoint.ended(await endpoint.start(arn, { name: "n" }));
    try {
      endpoint.skewMs = 89 * day;
      await expect(endpoint.start(arn, { name: "n" })).rejects.toMatchObject(
        refusal("ExecutionAlreadyExists"),
      );
      endpoint.skewMs = 91 * day;
      expect((await endpoint.ended(await endpoint.start(arn, { name: "n" }))).status).toBe("SUCCEEDED");
    } finally {
      endpoint.skewMs = 0;
    }
  });

  test.each<[string, Partial<StartExecutionCommandInput>, string, RegExp]>([
    [
      "input that is no JSON",
      { input: "{" },
      "InvalidExecutionInput",
      /Invalid State Machine Execution Input/,
    ],
    [
      "input over 256 KiB",
      { input: JSON.stringify("é".repeat(131_072)) },
      "InvalidExecutionInput",
      /262144 bytes/,
    ],
    ["a bad name", { name: "a/b" }, "InvalidName", /Invalid Name: 'a\/b'/],
    ["a long name", { name: "a".repeat(81) }, "ValidationException", /'name'/],
    [
      "a traceHeader",
      { traceHeader: "t" },
      "ValidationException",
      /parameter traceHeader is not supported here/,
    ],
    ["no ARN", { stateMachineArn: "x" }, "InvalidArn", /x/],
    [
      "an ARN of nothing",
      { stateMachineArn: "arn:aws:states:us-east-1:000000000000:stateMachine:nope" },
      "StateMachineDoesNotExist",
      /nope/,
    ],
  ])("refuse %s", async (_what, more, name, message) => {
    const arn = await endpoint.create("strict");
    await expect(endpoint.start(arn, more)).rejects.toMatchObject(refusal(name, message));
  });

  test("take an input of exactly 256 KiB", async () => {
    const input = JSON.stringify("x".repeat(262_142));
    const described = await endpoint.ended(await endpoint.start(await endpoint.create("large"), { input }));
    expect([described.status, described.input]).toEqual(["SUCCEEDED", input]);
  });

  test("that do not exist are refused", async () => {
    const executionArn = "arn:aws:states:us-east-1:000000000000:execution:m:nope";
    const missing = refusal("ExecutionDoesNotExist", /Execution Does Not Exist: 'arn:/);
    await expect(endpoint.sfn.send(new DescribeExecutionCommand({ executionArn }))).rejects.toMatchObject(
      missing,
    );
    await expect(endpoint.sfn.send(new StopExecutionCommand({ executionArn }))).rejects.toMatchObject(
      missing,
    );
    await expect(endpoint.sfn.send(new GetExecutionHistoryCommand({ executionArn }))).rejects.toMatchObject(
      missing,
    );
    await expect(
      endpoint.sfn.send(
        new DescribeExecutionCommand({ executionArn: executionArn.replace("execution", "express") }),
      ),
    ).rejects.toMatchObject(refusal("InvalidArn", /Resource type not valid in this context: express/));
  });

  test("are listed newest first, by status, in pages", async () => {
    const arn = await endpoint.create("listed", { definition: waiting });
    const arns: string[] = [];
    for (let at = 0; at < 5; at += 1) arns.unshift(await endpoint.start(arn));
    await endpoint.sfn.send(new StopExecutionCommand({ executionArn: arns[1] }));
    const list = (more: object) =>
      endpoint.sfn.send(new ListExecutionsCommand({ stateMachineArn: arn, ...more }));
    const listedArns = (page: Awaited<ReturnType<typeof list>>) =>
      page.executions?.map(({ executionArn }) => executionArn);
    expect(listedArns(await list({}))).toEqual(arns);
    expect(listedArns(await list({ statusFilter: "ABORTED" }))).toEqual([arns[1]]);
    const first = await list({ maxResults: 3 });
    const second = await list({ maxResults: 3, nextToken: first.nextToken });
    expect([listedArns(first), listedArns(second)]).toEqual([arns.slice(0, 3), arns.slice(3)]);
    expect(second.nextToken).toBeUndefined();
    await expect(list({ nextToken: first.nextToken, statusFilter: "RUNNING" })).rejects.toMatchObject(
      refusal("InvalidToken"),
    );
    for (const executionArn of arns) await endpoint.sfn.send(new StopExecutionCommand({ executionArn }));
  });

  test("have a history that pages, reverses and leaves data out", async () => {
    const executionArn = await endpoint.start(await endpoint.create("history"), { input: '{"secret":1}' });
    await endpoint.ended(executionArn);
    const read = (more: object) =>
      endpoint.sfn.send(new GetExecutionHistoryCommand({ executionArn, ...more }));
    const types = ["ExecutionStarted", "PassStateEntered", "PassStateExited", "ExecutionSucceeded"];
    const all = await read({});
    expect(all.events?.map(({ type }) => type)).toEqual(types);
    expect(all.events?.[0]?.timestamp).toBeInstanceOf(Date);
    expect((await read({ reverseOrder: true })).events?.map(({ type }) => type)).toEqual(types.toReversed());
    const first = await read({ maxResults: 3 });
    const rest = await read({ maxResults: 3, nextToken: first.nextToken });
    expect([...(first.events ?? []), ...(rest.events ?? [])]).toEqual(all.events);
    expect(rest.nextToken).toBeUndefined();

    const bare = (await read({ includeExecutionData: false })).events;
    expect(bare?.map(({ type }) => type)).toEqual(types);
    expect(JSON.stringify(bare)).not.toContain("secret");
    expect(bare?.[0]?.executionStartedEventDetails).toEqual({ roleArn: testRole });
    expect(bare?.[1]?.stateEnteredEventDetails).toEqual({ name: "A" });
  });

  test("stopped twice keep their first end", async () => {
    const executionArn = await endpoint.start(await endpoint.create("stopped", { definition: waiting }));
    const first = await endpoint.sfn.send(new StopExecutionCommand({ executionArn, error: "E", cause: "C" }));
    const second = await endpoint.sfn.send(new StopExecutionCommand({ executionArn, error: "other" }));
    expect(second.stopDate).toEqual(first.stopDate);
    expect(await endpoint.ended(executionArn)).toMatchObject({
      status: "ABORTED",
      error: "E",
      cause: "C",
      stopDate: first.stopDate,
      redriveStatus: "REDRIVABLE",
    });
  });
});
