import { ledgerAttributes, ledgerTable, stateAttributes, stateTable } from "@countersign/aws/dynamodb/tables";
import { routes } from "@countersign/functions/api/routes";
import { describe, expect, test } from "vitest";
import { StageUnderTest } from "./stage.ts";
import { arn } from "./synth/place.ts";

const prod = StageUnderTest.named("prod");
const dev = StageUnderTest.named("dev");
const atDomain = StageUnderTest.named("atDomain");

describe("the tables", () => {
  test.each([
    ["LedgerTable", ledgerTable("x"), ledgerAttributes.expiresAt],
    ["StateTable", stateTable("x"), stateAttributes.expiresAt],
  ] as const)("%s is the one the adapters work on", (name, definition, expiresAt) => {
    const { inputs } = prod.one("aws:dynamodb/table:Table", name);
    const [hash, range] = definition.KeySchema ?? [];
    expect(inputs).toMatchObject({
      billingMode: definition.BillingMode,
      hashKey: hash?.AttributeName,
      ttl: { attributeName: expiresAt, enabled: true },
      streamEnabled: definition.StreamSpecification !== undefined,
    });
    expect(inputs["rangeKey"]).toBe(range?.AttributeName);
    expect(inputs["streamViewType"]).toBe(definition.StreamSpecification?.StreamViewType);
    expect(inputs["attributes"]).toEqual(
      definition.AttributeDefinitions?.map(({ AttributeName, AttributeType }) => ({
        name: AttributeName,
        type: AttributeType,
      })),
    );
    expect(inputs["globalSecondaryIndexes"]).toEqual(
      definition.GlobalSecondaryIndexes?.map(({ IndexName, KeySchema, Projection }) => ({
        name: IndexName,
        hashKey: KeySchema?.[0]?.AttributeName,
        rangeKey: KeySchema?.[1]?.AttributeName,
        projectionType: Projection?.ProjectionType,
      })),
    );
  });

  test("can be restored to a point in time, are encrypted with a key of ours, and can't be deleted in production", () => {
    for (const name of ["LedgerTable", "StateTable"]) {
      const table = prod.one("aws:dynamodb/table:Table", name);
      expect(table.inputs).toMatchObject({
        pointInTimeRecovery: { enabled: true },
        serverSideEncryption: { enabled: true, kmsKeyArn: arn("kms", "key/TablesKey") },
        deletionProtectionEnabled: true,
      });
      expect(table.retainOnDelete).toBe(true);
      expect(dev.one("aws:dynamodb/table:Table", name).inputs["deletionProtectionEnabled"]).toBe(false);
    }
  });
});

test("production is protected and retained; what is not production goes away whole", () => {
  expect(prod.synthesized.app).toMatchObject({ protect: true, removal: "retain" });
  expect(dev.synthesized.app).toMatchObject({ protect: false, removal: "remove" });
  for (const type of [
    "aws:secretsmanager/secret:Secret",
    "aws:cloudwatch/logGroup:LogGroup",
    "aws:kms/key:Key",
  ]) {
    expect(
      prod.all(type).filter(({ retainOnDelete }) => !retainOnDelete),
      type,
    ).toEqual([]);
    expect(
      dev.all(type).filter(({ retainOnDelete }) => retainOnDelete),
      type,
    ).toEqual([]);
  }
});

test("secrets are made without a value, under a key of ours", () => {
  const secrets = prod.all("aws:secretsmanager/secret:Secret").map(({ inputs }) => inputs);
  expect(secrets.map(({ name }) => name)).toEqual(["countersign/oauth-client", "countersign/prod/gate-keys"]);
  for (const secret of secrets) expect(secret["kmsKeyId"]).toBe(arn("kms", "key/SecretsKey"));
  expect(prod.all("aws:secretsmanager/secretVersion:SecretVersion")).toEqual([]);
  for (const [stage, days] of [
    [prod, 30],
    [dev, 0],
  ] as const) {
    for (const { inputs } of stage.all("aws:secretsmanager/secret:Secret")) {
      expect(inputs["recoveryWindowInDays"]).toBe(days);
    }
  }
});

describe("every function", () => {
  test("runs on arm64 and the newest Node, traced, with a log of its own", () => {
    expect(prod.functions.size).toBeGreaterThanOrEqual(9);
    for (const [name, inputs] of prod.functions) {
      expect(inputs, name).toMatchObject({
        architectures: ["arm64"],
        runtime: "nodejs24.x",
        tracingConfig: { mode: "Active" },
        loggingConfig: { logFormat: "JSON", logGroup: `/countersign/prod/${name}` },
      });
    }
  });

  test("is told of no secret, only where secrets are", () => {
    for (const name of prod.functions.keys()) {
      for (const [variable, value] of Object.entries(prod.environmentOf(name))) {
        expect(variable, name).toMatch(/^COUNTERSIGN_/);
        expect(value).toMatch(/^(arn:|https:|\/var\/task\/|countersign-|\d{12}$)/);
      }
    }
  });
});

test("logs are kept for ninety days under a key of ours", () => {
  const groups = prod.all("aws:cloudwatch/logGroup:LogGroup");
  expect(groups).toHaveLength(prod.functions.size + 1);
  for (const { inputs } of groups) {
    expect(inputs).toMatchObject({ retentionInDays: 90, kmsKeyId: arn("kms", "key/LogsKey") });
    expect(inputs["name"]).toMatch(/^(\/countersign\/prod\/|\/aws\/vendedlogs\/countersign\/prod\/)/);
  }
});

describe("the API", () => {
  test("has the routes of its document, each to the function it names", () => {
    const integrations = new Map(
      prod
        .all("aws:apigatewayv2/integration:Integration")
        .map(({ name, inputs }) => [`integrations/${name}-id`, String(inputs["integrationUri"])]),
    );
    const found = prod
      .all("aws:apigatewayv2/route:Route")
      .map(({ inputs }) => [inputs["routeKey"], integrations.get(String(inputs["target"]))]);
    const expected = routes.map(({ method, path, functionName }) => [
      `${method} ${path}`,
      arn("lambda", `function:countersign-prod-${functionName}`),
    ]);
    expect(found.sort()).toEqual(expected.sort());
  });

  test("is throttled, and lets no page of another origin call it", () => {
    expect(stageOf(prod)["defaultRouteSettings"]).toMatchObject({
      throttlingRateLimit: 100,
      throttlingBurstLimit: 200,
    });
    expect(stageOf(atDomain)["defaultRouteSettings"]).toMatchObject({ throttlingRateLimit: 500 });
    expect(apiOf(prod)["corsConfiguration"] ?? {}).toEqual({});
  });

  test("logs each request, and names in it neither an execution nor a person", () => {
    const { destinationArn, format } = stageOf(prod)["accessLogSettings"] as Record<string, string>;
    expect(destinationArn).toBe(arn("logs", "log-group:/aws/vendedlogs/countersign/prod/api"));
    expect(Object.values(JSON.parse(format ?? "{}"))).toEqual(
      expect.arrayContaining(["$context.requestId", "$context.routeKey", "$context.status"]),
    );
    expect(format).not.toMatch(/path|query|identity|sourceIp|userAgent|authorizer|header/i);
  });

  test("is reached by its own name alone, where it has one", () => {
    expect(apiOf(prod)["disableExecuteApiEndpoint"]).toBe(false);
    expect(apiOf(atDomain)["disableExecuteApiEndpoint"]).toBe(true);
    expect(atDomain.synthesized.outputs["url"]).toBe("https://gate.example.com");
    expect(atDomain.all("aws:apigatewayv2/domainName:DomainName")[0]?.inputs).toMatchObject({
      domainName: "gate.example.com",
      domainNameConfiguration: { certificateArn: arn("acm", "certificate/one"), securityPolicy: "TLS_1_2" },
    });
  });

  const apiOf = (stage: StageUnderTest) => stage.one("aws:apigatewayv2/api:Api", "ApiApi").inputs;
  const stageOf = (stage: StageUnderTest) => stage.one("aws:apigatewayv2/stage:Stage", "ApiStage").inputs;
});

test("who is to be told by mail is", () => {
  expect(prod.all("aws:sns/topicSubscription:TopicSubscription")).toEqual([]);
  expect(atDomain.one("aws:sns/topicSubscription:TopicSubscription", "AlarmsMail").inputs).toMatchObject({
    protocol: "email",
    endpoint: "on-call@example.com",
  });
});
