import {
  type CreateStateMachineCommandInput,
  DeleteStateMachineCommand,
  DescribeStateMachineCommand,
  ListStateMachinesCommand,
  ListTagsForResourceCommand,
  RedriveExecutionCommand,
  StopExecutionCommand,
  UpdateStateMachineCommand,
  ValidateStateMachineDefinitionCommand,
} from "@aws-sdk/client-sfn";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Endpoint, openEndpoint, passing, refusal, waiting } from "../testing/endpoint.ts";
import { testRole } from "../testing/harness.ts";

let endpoint: Endpoint;

beforeAll(async () => {
  endpoint = await openEndpoint();
});

afterAll(() => endpoint.close());

describe("state machines", () => {
  test("are created, described, updated, listed and deleted", async () => {
    const arn = await endpoint.create("lifecycle");
    expect(arn).toBe("arn:aws:states:us-east-1:000000000000:stateMachine:lifecycle");
    const described = await endpoint.sfn.send(new DescribeStateMachineCommand({ stateMachineArn: arn }));
    expect(described).toMatchObject({
      name: "lifecycle",
      status: "ACTIVE",
      type: "STANDARD",
      definition: passing,
      roleArn: testRole,
      loggingConfiguration: { level: "OFF", includeExecutionData: false },
    });
    expect(described.creationDate).toBeInstanceOf(Date);
    expect(described.revisionId).toBeUndefined();

    const updated = await endpoint.sfn.send(
      new UpdateStateMachineCommand({ stateMachineArn: arn, definition: waiting }),
    );
    const again = await endpoint.sfn.send(new DescribeStateMachineCommand({ stateMachineArn: arn }));
    expect(again).toMatchObject({ definition: waiting, revisionId: updated.revisionId });

    const { stateMachines } = await endpoint.sfn.send(new ListStateMachinesCommand({}));
    expect(stateMachines?.map(({ name }) => name)).toContain("lifecycle");
    await endpoint.sfn.send(new DeleteStateMachineCommand({ stateMachineArn: arn }));
    await expect(
      endpoint.sfn.send(new DescribeStateMachineCommand({ stateMachineArn: arn })),
    ).rejects.toMatchObject(refusal("StateMachineDoesNotExist"));
    await endpoint.sfn.send(new DeleteStateMachineCommand({ stateMachineArn: arn }));
  });

  test("created again the same are the same, created otherwise are refused", async () => {
    const arn = await endpoint.create("twice", { tags: [{ key: "k", value: "v" }] });
    expect(await endpoint.create("twice")).toBe(arn);
    await expect(endpoint.create("twice", { definition: waiting })).rejects.toMatchObject(
      refusal("StateMachineAlreadyExists", /State Machine Already Exists: 'arn:/),
    );
    const { tags } = await endpoint.sfn.send(new ListTagsForResourceCommand({ resourceArn: arn }));
    expect(tags).toEqual([{ key: "k", value: "v" }]);
  });

  test("with running executions stay DELETING until the last has ended", async () => {
    const arn = await endpoint.create("deleting", { definition: waiting });
    const executionArn = await endpoint.start(arn);
    await endpoint.sfn.send(new DeleteStateMachineCommand({ stateMachineArn: arn }));
    const described = await endpoint.sfn.send(new DescribeStateMachineCommand({ stateMachineArn: arn }));
    expect(described.status).toBe("DELETING");
    await expect(endpoint.start(arn)).rejects.toMatchObject(refusal("StateMachineDeleting"));
    await endpoint.sfn.send(new StopExecutionCommand({ executionArn }));
    await expect(endpoint.start(arn)).rejects.toMatchObject(refusal("StateMachineDoesNotExist"));
    expect((await endpoint.ended(executionArn)).status).toBe("ABORTED");
  });

  test.each<[string, Partial<CreateStateMachineCommandInput>, string, RegExp]>([
    ["EXPRESS", { type: "EXPRESS" }, "StateMachineTypeNotSupported", /EXPRESS is not supported here/],
    [
      "logging",
      { loggingConfiguration: { level: "ALL" } },
      "ValidationException",
      /loggingConfiguration.level/,
    ],
    ["tracing", { tracingConfiguration: { enabled: true } }, "ValidationException", /tracingConfiguration/],
    [
      "a customer's key",
      { encryptionConfiguration: { type: "CUSTOMER_MANAGED_KMS_KEY", kmsKeyId: "k" } },
      "ValidationException",
      /encryptionConfiguration/,
    ],
    ["a bad name", { name: "a b" }, "InvalidName", /Invalid Name: 'a b'/],
    ["a long name", { name: "a".repeat(81) }, "ValidationException", /'name'/],
    ["a bad role", { roleArn: "arn:x" }, "InvalidArn", /arn:x/],
    ["a bad definition", { definition: "{}" }, "InvalidDefinition", /StartAt/],
    [
      "a description without publish",
      { versionDescription: "x" },
      "ValidationException",
      /only be set when publish is true/,
    ],
  ])("refuse %s", async (_what, more, name, message) => {
    await expect(endpoint.create("refused", more)).rejects.toMatchObject(refusal(name, message));
  });

  test("validate a definition without creating anything", async () => {
    const validate = (definition: string) =>
      endpoint.sfn.send(new ValidateStateMachineDefinitionCommand({ definition }));
    expect(await validate(passing)).toMatchObject({ result: "OK", diagnostics: [] });
    const map = JSON.stringify({ StartAt: "A", States: { A: { Type: "Map", End: true } } });
    expect(await validate(map)).toMatchObject({
      result: "FAIL",
      diagnostics: [{ severity: "ERROR", location: "/States/A/Type" }],
    });
  });

  test("page by token, and refuse a token of another question", async () => {
    for (const name of ["page-a", "page-b", "page-c"]) await endpoint.create(name);
    const names: (string | undefined)[] = [];
    let nextToken: string | undefined;
    do {
      const page = await endpoint.sfn.send(new ListStateMachinesCommand({ maxResults: 2, nextToken }));
      names.push(...(page.stateMachines ?? []).map(({ name }) => name));
      nextToken = page.nextToken;
    } while (nextToken);
    expect(names).toEqual([...new Set(names)].sort());
    expect(names).toEqual(expect.arrayContaining(["page-a", "page-b", "page-c"]));
    await expect(endpoint.sfn.send(new ListStateMachinesCommand({ nextToken: "x" }))).rejects.toMatchObject(
      refusal("InvalidToken"),
    );
  });
});

test("an operation that is not done is UnknownOperationException", async () => {
  const executionArn = "arn:aws:states:us-east-1:000000000000:execution:m:e";
  await expect(endpoint.sfn.send(new RedriveExecutionCommand({ executionArn }))).rejects.toMatchObject(
    refusal("UnknownOperationException", /AWSStepFunctions\.RedriveExecution is not supported here/),
  );
});
