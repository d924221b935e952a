import { GetExecutionHistoryCommand, StopExecutionCommand } from "@aws-sdk/client-sfn";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Endpoint, openEndpoint, passing, refusal, waiting } from "../testing/endpoint.ts";

let endpoint: Endpoint;

beforeAll(async () => {
  endpoint = await openEndpoint();
});
afterAll(() => endpoint.close());

const parentOf = (stateMachineArn: string, pattern: string) =>
  JSON.stringify({
    StartAt: "A",
    States: {
      A: {
        Type: "Task",
        Resource: `arn:aws:states:::states:startExecution${pattern}`,
        Parameters: { StateMachineArn: stateMachineArn },
        End: true,
      },
    },
  });

async function childOf(executionArn: string): Promise<string> {
  for (;;) {
    const { events = [] } = await endpoint.sfn.send(new GetExecutionHistoryCommand({ executionArn }));
    const output = events.find(({ type }) => type === "TaskSubmitted")?.taskSubmittedEventDetails?.output;
    if (output) return String(JSON.parse(output).ExecutionArn);
  }
}

describe("through the AWS SDK, a nested execution", () => {
  test("is an execution like any other, and its description the parent's result", async () => {
    const child = await endpoint.create("sdk-child", { definition: passing });
    const parent = await endpoint.create("sdk-parent", { definition: parentOf(child, ".sync:2") });
    const executionArn = await endpoint.start(parent);
    const { output = "" } = await endpoint.ended(executionArn);
    const result = JSON.parse(output) as Record<string, unknown>;
    const described = await endpoint.ended(await childOf(executionArn));
    expect(result).toMatchObject({
      ExecutionArn: described.executionArn,
      StateMachineArn: child,
      Status: "SUCCEEDED",
      StartDate: described.startDate?.getTime(),
      StopDate: described.stopDate?.getTime(),
      Output: { v: 1 },
    });
  });

  test("hides its data from a history that is read without it", async () => {
    const child = await endpoint.create("hidden-child", { definition: passing });
    const parent = await endpoint.create("hidden-parent", { definition: parentOf(child, ".sync") });
    const executionArn = await endpoint.start(parent);
    await endpoint.ended(executionArn);
    const { events = [] } = await endpoint.sfn.send(
      new GetExecutionHistoryCommand({ executionArn, includeExecutionData: false }),
    );
    const submitted = events.find(({ type }) => type === "TaskSubmitted");
    expect(submitted?.taskSubmittedEventDetails).toEqual({
      resourceType: "states",
      resource: "startExecution.sync",
    });
  });

  test("is stopped when its parent is", async () => {
    const child = await endpoint.create("stopped-child", { definition: waiting });
    const parent = await endpoint.create("stopped-parent", { definition: parentOf(child, ".sync") });
    const executionArn = await endpoint.start(parent);
    const nested = await childOf(executionArn);
    await endpoint.sfn.send(new StopExecutionCommand({ executionArn }));
    expect((await endpoint.ended(nested)).status).toBe("ABORTED");
  });

  test("with a task token is refused when the state machine is created", async () => {
    const definition = parentOf("arn:aws:states:us-east-1:000000000000:stateMachine:x", ".waitForTaskToken");
    await expect(endpoint.create("token-parent", { definition })).rejects.toMatchObject(
      refusal(
        "InvalidDefinition",
        /"\.waitForTaskToken" in .* is not supported here at \/States\/A\/Resource/,
      ),
    );
  });
});
