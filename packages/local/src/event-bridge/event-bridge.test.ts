import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import {
  CreateEventBusCommand,
  DeleteEventBusCommand,
  DeleteRuleCommand,
  DescribeEventBusCommand,
  DescribeRuleCommand,
  DisableRuleCommand,
  EnableRuleCommand,
  EventBridgeClient,
  ListEventBusesCommand,
  ListRulesCommand,
  ListTargetsByRuleCommand,
  PutEventsCommand,
  type PutEventsRequestEntry,
  PutRuleCommand,
  PutTargetsCommand,
  RemoveTargetsCommand,
  StartReplayCommand,
  type Target,
  TestEventPatternCommand,
} from "@aws-sdk/client-eventbridge";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { awsJsonListener } from "../wire/aws-json.ts";
import { openDatabase } from "../wire/database.ts";
import { createEventBridge, type EventBridge } from "./event-bridge.ts";
import type { DeliveryTarget } from "./target.ts";

const queue = "arn:aws:sqs:us-east-1:000000000000:events";
const pattern = JSON.stringify({ source: ["shop"] });

let server: Server;
let client: EventBridgeClient;
let bridge: EventBridge;
let delivered: Array<{ target: DeliveryTarget; payload: unknown }>;

beforeEach(async () => {
  delivered = [];
  bridge = createEventBridge({
    database: openDatabase(":memory:"),
    deliver: async (target, payload) => {
      delivered.push({ target, payload: JSON.parse(payload) });
    },
  });
  server = createServer(awsJsonListener([bridge.service]));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  client = new EventBridgeClient({
    endpoint: `http://127.0.0.1:${port}`,
    region: "us-east-1",
    credentials: { accessKeyId: "test", secretAccessKey: "test" },
    maxAttempts: 1,
  });
});

afterEach(async () => {
  await bridge.close();
  client.destroy();
  await new Promise((resolve) => server.close(resolve));
});

async function putRule(name: string, targets: Target[], bus?: string): Promise<void> {
  const EventBusName = bus === undefined ? {} : { EventBusName: bus };
  await client.send(new PutRuleCommand({ Name: name, EventPattern: pattern, ...EventBusName }));
  await client.send(new PutTargetsCommand({ Rule: name, Targets: targets, ...EventBusName }));
}

async function putEvent(entry: PutEventsRequestEntry) {
  const answer = await client.send(
    new PutEventsCommand({ Entries: [{ Source: "shop", DetailType: "sold", Detail: "{}", ...entry }] }),
  );
  await bridge.idle();
  return answer.Entries?.[0];
}

describe("EventBridge over the wire", () => {
  it("delivers a matching event in its envelope", async () => {
    await putRule("r", [{ Id: "t", Arn: queue }]);
    const time = new Date("2024-05-01T10:00:00Z");
    const result = await putEvent({ Detail: '{"sku":"a"}', Resources: ["arn:x"], Time: time });
    expect(delivered).toEqual([
      {
        target: { arn: queue },
        payload: {
          version: "0",
          id: result?.EventId,
          "detail-type": "sold",
          source: "shop",
          account: "000000000000",
          time: "2024-05-01T10:00:00Z",
          region: "us-east-1",
          resources: ["arn:x"],
          detail: { sku: "a" },
        },
      },
    ]);
  });

  it("delivers to nobody when no rule matches or the rule is disabled", async () => {
    await putRule("r", [{ Id: "t", Arn: queue }]);
    await putEvent({ Source: "other" });
    await client.send(new DisableRuleCommand({ Name: "r" }));
    await putEvent({});
    expect(delivered).toEqual([]);
    await client.send(new EnableRuleCommand({ Name: "r" }));
    await putEvent({});
    expect(delivered).toHaveLength(1);
  });

  it("follows a rule whose pattern changes", async () => {
    await putRule("r", [{ Id: "t", Arn: queue }]);
    await putEvent({});
    await client.send(new PutRuleCommand({ Name: "r", EventPattern: '{"source":["bank"]}' }));
    await putEvent({});
    expect(delivered).toHaveLength(1);
  });

  it("shapes what each target gets", async () => {
    await putRule("r", [
      { Id: "constant", Arn: "arn:aws:lambda:us-east-1:0:function:a", Input: '{"fixed":1}' },
      { Id: "fifo", Arn: `${queue}.fifo`, InputPath: "$.detail", SqsParameters: { MessageGroupId: "g" } },
      {
        Id: "template",
        Arn: "arn:aws:lambda:us-east-1:0:function:b",
        InputTransformer: { InputPathsMap: { sku: "$.detail.sku" }, InputTemplate: '{"bought": <sku>}' },
      },
    ]);
    await putEvent({ Detail: '{"sku":"a"}' });
    expect(delivered.map(({ payload }) => payload)).toEqual([{ fixed: 1 }, { sku: "a" }, { bought: "a" }]);
    expect(delivered[1]?.target).toEqual({ arn: `${queue}.fifo`, messageGroupId: "g" });
  });

  it("keeps buses apart", async () => {
    const made = await client.send(new CreateEventBusCommand({ Name: "shop", Description: "sales" }));
    await putRule("r", [{ Id: "t", Arn: queue }], "shop");
    await putEvent({});
    expect(delivered).toHaveLength(0);
    await putEvent({ EventBusName: made.EventBusArn });
    expect(delivered).toHaveLength(1);
    const rule = await client.send(new DescribeRuleCommand({ Name: "r", EventBusName: "shop" }));
    expect(rule.Arn).toBe("arn:aws:events:us-east-1:000000000000:rule/shop/r");
  });

  it("publishes a service's event on the default bus", async () => {
    await client.send(new PutRuleCommand({ Name: "r", EventPattern: '{"source":["aws.states"]}' }));
    await client.send(new PutTargetsCommand({ Rule: "r", Targets: [{ Id: "t", Arn: queue }] }));
    await bridge.publish({
      "detail-type": "Step Functions Execution Status Change",
      source: "aws.states",
      detail: {},
    });
    await bridge.idle();
    expect(delivered[0]?.payload).toMatchObject({
      version: "0",
      source: "aws.states",
      account: "000000000000",
    });
  });

  it("fails entries one by one", async () => {
    const answer = await client.send(
      new PutEventsCommand({
        Entries: [
          { Source: "aws.states", DetailType: "d", Detail: "{}" },
          { Source: "shop", DetailType: "d", Detail: "[1]" },
          { Source: "shop", DetailType: "d", Detail: "{" },
          { DetailType: "d", Detail: "{}" },
          { Source: "shop", DetailType: "d", Detail: "{}", EventBusName: "nowhere" },
          { Source: "shop", DetailType: "d", Detail: "{}" },
        ],
      }),
    );
    expect(answer.FailedEntryCount).toBe(5);
    expect(answer.Entries?.map((entry) => entry.ErrorCode)).toEqual([
      "NotAuthorizedForSourceException",
      "MalformedDetail",
      "MalformedDetail",
      "InvalidArgument",
      "ResourceNotFoundException",
      undefined,
    ]);
  });

  it("takes 256 KB of entries and not a byte more", async () => {
    const detail = (bytes: number) => JSON.stringify({ a: "x".repeat(bytes - 8) });
    const room = 256 * 1024 - "shop".length - "sold".length;
    expect(await putEvent({ Detail: detail(room) })).toHaveProperty("EventId");
    await expect(putEvent({ Detail: detail(room + 1) })).rejects.toThrow("over the limit");
  });

  it("describes, lists in pages and deletes rules", async () => {
    for (const name of ["a1", "a2", "b1"]) {
      await client.send(new PutRuleCommand({ Name: name, EventPattern: pattern, Description: name }));
    }
    const first = await client.send(new ListRulesCommand({ NamePrefix: "a", Limit: 1 }));
    const second = await client.send(
      new ListRulesCommand({ NamePrefix: "a", Limit: 1, NextToken: first.NextToken }),
    );
    expect([...(first.Rules ?? []), ...(second.Rules ?? [])].map(({ Name }) => Name)).toEqual(["a1", "a2"]);
    expect(second.NextToken).toBeUndefined();
    await client.send(new DeleteRuleCommand({ Name: "a1" }));
    await client.send(new DeleteRuleCommand({ Name: "a1" }));
    await expect(client.send(new DescribeRuleCommand({ Name: "a1" }))).rejects.toMatchObject({
      name: "ResourceNotFoundException",
      message: "Rule a1 does not exist on EventBus default.",
    });
  });

  it("lists and removes targets, and keeps a rule that has some", async () => {
    await putRule("r", [
      { Id: "a", Arn: queue, RetryPolicy: { MaximumRetryAttempts: 0, MaximumEventAgeInSeconds: 60 } },
      { Id: "b", Arn: queue, DeadLetterConfig: { Arn: `${queue}-dead` } },
    ]);
    await expect(client.send(new DeleteRuleCommand({ Name: "r" }))).rejects.toThrow("has targets");
    const removed = await client.send(new RemoveTargetsCommand({ Rule: "r", Ids: ["a", "nobody"] }));
    expect(removed.FailedEntries).toMatchObject([{ TargetId: "nobody" }]);
    const listed = await client.send(new ListTargetsByRuleCommand({ Rule: "r" }));
    expect(listed.Targets).toEqual([{ Id: "b", Arn: queue, DeadLetterConfig: { Arn: `${queue}-dead` } }]);
  });

  it("makes, lists and deletes buses, never the default one", async () => {
    await client.send(new CreateEventBusCommand({ Name: "shop" }));
    await expect(client.send(new CreateEventBusCommand({ Name: "shop" }))).rejects.toMatchObject({
      name: "ResourceAlreadyExistsException",
    });
    const described = await client.send(new DescribeEventBusCommand({ Name: "shop" }));
    expect(described.Arn).toBe("arn:aws:events:us-east-1:000000000000:event-bus/shop");
    await client.send(new PutRuleCommand({ Name: "r", EventPattern: pattern, EventBusName: "shop" }));
    await expect(client.send(new DeleteEventBusCommand({ Name: "shop" }))).rejects.toThrow("has rules");
    await client.send(new DeleteRuleCommand({ Name: "r", EventBusName: "shop" }));
    await client.send(new DeleteEventBusCommand({ Name: "shop" }));
    const buses = await client.send(new ListEventBusesCommand({}));
    expect(buses.EventBuses?.map(({ Name }) => Name)).toEqual(["default"]);
    await expect(client.send(new DeleteEventBusCommand({ Name: "default" }))).rejects.toThrow(
      "Cannot delete",
    );
  });

  it("tests a pattern against an event", async () => {
    const event = { id: "1", "detail-type": "d", source: "shop", account: "0", time: "t", region: "r" };
    const test = (Event: string, EventPattern = pattern) =>
      client.send(new TestEventPatternCommand({ EventPattern, Event }));
    expect((await test(JSON.stringify(event))).Result).toBe(true);
    expect((await test(JSON.stringify({ ...event, source: "bank" }))).Result).toBe(false);
    await expect(test('"text"')).rejects.toThrow("Parameter Event is not valid.");
    await expect(test("{}", '{"a":[]}')).rejects.toMatchObject({ name: "InvalidEventPatternException" });
  });

  it.each([
    ["ScheduleExpression", () => new PutRuleCommand({ Name: "s", ScheduleExpression: "rate(1 minute)" })],
    [
      "RoleArn",
      () => new PutRuleCommand({ Name: "s", EventPattern: pattern, RoleArn: "arn:aws:iam::0:role/r" }),
    ],
    ["EventPattern", () => new PutRuleCommand({ Name: "s" })],
    [
      "Targets.0.RoleArn",
      () => new PutTargetsCommand({ Rule: "r", Targets: [{ Id: "t", Arn: queue, RoleArn: "x" }] }),
    ],
    ["Only one of Input", () => putTarget({ Input: "{}", InputPath: "$" })],
    ["InputPath", () => putTarget({ InputPath: "$..a" })],
    ["JSON syntax error", () => putTarget({ Input: "{" })],
    ["invalid placeholder", () => putTarget({ InputTransformer: { InputTemplate: '"<a>"' } })],
    ["SqsParameters must be specified", () => putTarget({ Arn: `${queue}.fifo` })],
    ["DeadLetterConfig.Arn", () => putTarget({ DeadLetterConfig: { Arn: `${queue}.fifo` } })],
    ["MaximumRetryAttempts", () => putTarget({ RetryPolicy: { MaximumRetryAttempts: 186 } })],
    ["Provided Arn", () => putTarget({ Arn: "queue" })],
    ["TraceHeader", () => new PutEventsCommand({ Entries: [{ Source: "a", TraceHeader: "x" }] })],
  ])("refuses %s by name", async (name, command) => {
    await client.send(new PutRuleCommand({ Name: "r", EventPattern: pattern }));
    await expect(client.send(command() as PutRuleCommand)).rejects.toThrow(name);
  });

  it("refuses a sixth target of a rule", async () => {
    const targets = ["a", "b", "c", "d", "e", "f"].map((Id) => ({ Id, Arn: queue }));
    await expect(putRule("r", targets)).rejects.toMatchObject({ name: "LimitExceededException" });
  });

  it("answers UnknownOperationException to what it doesn't do", async () => {
    const replay = new StartReplayCommand({
      ReplayName: "r",
      EventSourceArn: "arn",
      EventStartTime: new Date(0),
      EventEndTime: new Date(1),
      Destination: { Arn: "arn" },
    });
    await expect(client.send(replay)).rejects.toMatchObject({ name: "UnknownOperationException" });
  });
});

function putTarget(target: Partial<Target>): PutTargetsCommand {
  return new PutTargetsCommand({ Rule: "r", Targets: [{ Id: "t", Arn: queue, ...target }] });
}
