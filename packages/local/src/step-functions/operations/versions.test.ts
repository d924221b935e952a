import {
  CreateStateMachineAliasCommand,
  DescribeStateMachineAliasCommand,
  DescribeStateMachineForExecutionCommand,
  ListExecutionsCommand,
  PublishStateMachineVersionCommand,
  UpdateStateMachineCommand,
} from "@aws-sdk/client-sfn";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Endpoint, openEndpoint, passing, refusal, waiting } from "../testing/endpoint.ts";

let endpoint: Endpoint;

beforeAll(async () => {
  endpoint = await openEndpoint();
});

afterAll(() => endpoint.close());

describe("versions and aliases", () => {
  test("run the definition they were published with", async () => {
    const arn = await endpoint.create("versioned", { publish: true });
    await endpoint.sfn.send(new UpdateStateMachineCommand({ stateMachineArn: arn, definition: waiting }));
    const published = await endpoint.sfn.send(
      new PublishStateMachineVersionCommand({ stateMachineArn: arn }),
    );
    expect(published.stateMachineVersionArn).toBe(`${arn}:2`);
    const same = await endpoint.sfn.send(new PublishStateMachineVersionCommand({ stateMachineArn: arn }));
    expect(same.stateMachineVersionArn).toBe(`${arn}:2`);
    const alias = await endpoint.sfn.send(
      new CreateStateMachineAliasCommand({
        name: "live",
        routingConfiguration: [{ stateMachineVersionArn: `${arn}:1`, weight: 100 }],
      }),
    );
    const stateMachineAliasArn = alias.stateMachineAliasArn;
    expect(stateMachineAliasArn).toBe(`${arn}:live`);
    expect(
      await endpoint.sfn.send(new DescribeStateMachineAliasCommand({ stateMachineAliasArn })),
    ).toMatchObject({
      name: "live",
      routingConfiguration: [{ stateMachineVersionArn: `${arn}:1`, weight: 100 }],
    });

    const byAlias = await endpoint.ended(await endpoint.start(`${arn}:live`));
    expect(byAlias).toMatchObject({
      status: "SUCCEEDED",
      stateMachineArn: arn,
      stateMachineVersionArn: `${arn}:1`,
      stateMachineAliasArn: `${arn}:live`,
    });
    const byVersion = await endpoint.ended(await endpoint.start(`${arn}:1`));
    expect(byVersion.stateMachineVersionArn).toBe(`${arn}:1`);
    expect(byVersion.stateMachineAliasArn).toBeUndefined();
    const listed = await endpoint.sfn.send(new ListExecutionsCommand({ stateMachineArn: `${arn}:live` }));
    expect(listed.executions?.map(({ executionArn }) => executionArn)).toEqual([byAlias.executionArn]);
    const machine = await endpoint.sfn.send(
      new DescribeStateMachineForExecutionCommand({ executionArn: byAlias.executionArn }),
    );
    expect(machine.definition).toBe(passing);
    await expect(endpoint.start(`${arn}:9`)).rejects.toMatchObject(refusal("StateMachineDoesNotExist"));
    await expect(endpoint.start(`${arn}:nope`)).rejects.toMatchObject(refusal("StateMachineDoesNotExist"));
  });

  test("refuse two-way routing by name", async () => {
    const arn = await endpoint.create("routed", { publish: true });
    const routingConfiguration = [
      { stateMachineVersionArn: `${arn}:1`, weight: 50 },
      { stateMachineVersionArn: `${arn}:1`, weight: 50 },
    ];
    await expect(
      endpoint.sfn.send(new CreateStateMachineAliasCommand({ name: "both", routingConfiguration })),
    ).rejects.toMatchObject(refusal("ValidationException", /routing to two versions is not supported here/));
  });

  test("refuse to publish a revision that is not the current one", async () => {
    const stateMachineArn = await endpoint.create("revised");
    await expect(
      endpoint.sfn.send(new PublishStateMachineVersionCommand({ stateMachineArn, revisionId: "old" })),
    ).rejects.toMatchObject(refusal("ConflictException"));
  });
});
