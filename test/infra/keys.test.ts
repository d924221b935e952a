import { describe, expect, test } from "vitest";
import { type AccessRequest, allows } from "./decide.ts";
import { StageUnderTest, type Statement } from "./stage.ts";
import { account, arn, region } from "./synth/place.ts";

const prod = StageUnderTest.named("prod");
const many = StageUnderTest.named("many");

const role = (name: string, stage = "prod") =>
  arn("iam", `role/countersign-${stage}-${region}-${name}`, { region: "", account });
const execution = arn("states", "execution:payout:one");

test("every key rotates, and outlives a mistake by a month", () => {
  const keys = prod.all("aws:kms/key:Key");
  expect(keys.map(({ name }) => name)).toEqual([
    "LogsKey",
    "MessagesKey",
    "SealsKey",
    "SecretsKey",
    "TablesKey",
  ]);
  for (const { inputs, retainOnDelete } of keys) {
    expect(inputs).toMatchObject({ enableKeyRotation: true, deletionWindowInDays: 30 });
    expect(retainOnDelete).toBe(true);
  }
});

test("administrators keep every key's policy in hand, and use none of it by that", () => {
  for (const { name } of prod.all("aws:kms/key:Key")) {
    const [administration] = prod.keyPolicy(name);
    expect(administration).toMatchObject({ sid: "Administration", principal: { AWS: rootOfAccount } });
    expect(administration?.actions).toContain("kms:PutKeyPolicy");
    for (const use of ["Decrypt", "Encrypt", "GenerateDataKey", "ReEncryptFrom", "CreateGrant"]) {
      expect(administration?.actions, name).not.toContain(`kms:${use}`);
    }
  }
});

test("no statement of a key's policy leaves open who and through what", () => {
  for (const stage of [prod, many]) {
    for (const { name } of stage.all("aws:kms/key:Key")) {
      for (const statement of stage.keyPolicy(name).slice(1))
        expect(isBound(statement), statement.sid).toBe(true);
    }
  }
});

describe("the key of seals", () => {
  const context = (own: Record<string, string>) => ({
    "kms:CallerAccount": account,
    ...Object.fromEntries(Object.entries(own).map(([key, value]) => [`kms:EncryptionContext:${key}`, value])),
    "kms:EncryptionContextKeys": Object.keys(own),
  });
  const sealed = context({ executionArn: execution, redriveCount: "0" });
  const may = (name: string, action: string, own: Record<string, string | string[]>, stage = prod) =>
    allows(stage.keyPolicy("SealsKey"), {
      action: `kms:${action}`,
      resource: "the key",
      principal: { role: role(name, stage === prod ? "prod" : "many") },
      context: own,
    });

  test("seals for the gate and opens for the revoker, and for nobody else", () => {
    const roles = [...prod.functions.keys(), "sweep-schedule", "somebody"];
    expect(roles.filter((name) => may(name, "GenerateDataKey", sealed))).toEqual(["gate"]);
    expect(roles.filter((name) => may(name, "Decrypt", sealed))).toEqual(["revoker"]);
  });

  test("seals for executions of registered workflows only", () => {
    const other = context({ executionArn: arn("states", "execution:other:one"), redriveCount: "0" });
    expect(may("gate", "GenerateDataKey", other)).toBe(false);
  });

  test("takes no other context than it was made for", () => {
    expect(
      may("revoker", "Decrypt", context({ executionArn: execution, redriveCount: "0", extra: "x" })),
    ).toBe(false);
    expect(may("revoker", "Decrypt", { "kms:CallerAccount": account })).toBe(false);
  });

  test("wraps subjects' keys for the gate, and where people go by reference for all who verify tokens", () => {
    const personal = context({ purpose: "personal-data", subject: "digest" });
    const who = (stage: StageUnderTest) =>
      [...stage.functions.keys()].filter((name) => may(name, "Decrypt", personal, stage)).sort();
    expect(who(prod)).toEqual(["gate"]);
    expect(who(many)).toEqual(["audit", "dead-letters", "executions", "gate", "subjects"]);
    expect(may("revoker", "Decrypt", personal)).toBe(false);
  });
});

describe("the key of messages", () => {
  const use = (principal: AccessRequest["principal"], context: AccessRequest["context"]) =>
    ["kms:Decrypt", "kms:GenerateDataKey"].every((action) =>
      allows(prod.keyPolicy("MessagesKey"), {
        action,
        resource: "the key",
        principal,
        context,
      } as AccessRequest),
    );
  const rule = arn("events", "rule/countersign-prod-status-1");

  test("admits EventBridge for this stage's rules, without which events vanish", () => {
    const service = { service: "events.amazonaws.com" };
    expect(use(service, { "aws:SourceAccount": account, "aws:SourceArn": rule })).toBe(true);
    expect(use(service, { "aws:SourceAccount": account, "aws:SourceArn": `${rule}1` })).toBe(false);
    expect(use(service, { "aws:SourceAccount": "210987654321", "aws:SourceArn": rule })).toBe(false);
    expect(
      use({ service: "s3.amazonaws.com" }, { "aws:SourceAccount": account, "aws:SourceArn": rule }),
    ).toBe(false);
  });

  test("admits alarms of this account", () => {
    const service = { service: "cloudwatch.amazonaws.com" };
    expect(use(service, { "aws:SourceAccount": account })).toBe(true);
    expect(use(service, { "aws:SourceAccount": "210987654321" })).toBe(false);
  });

  test("serves this stage's roles through SQS and not by hand", () => {
    const through = (service: string) => ({
      "kms:CallerAccount": account,
      "kms:ViaService": `${service}.${region}.amazonaws.com`,
    });
    expect(use({ role: role("recorder") }, through("sqs"))).toBe(true);
    expect(use({ role: role("recorder", "other") }, through("sqs"))).toBe(false);
    expect(use({ role: role("recorder") }, { "kms:CallerAccount": account })).toBe(false);
  });
});

const rootOfAccount = `arn:aws:iam::${account}:root`;

function isBound({ principal, condition }: Statement): boolean {
  const { AWS, Service } = principal as { AWS?: string; Service?: string };
  const keys = Object.values(condition).flatMap((variables) => Object.keys(variables));
  if (Service?.startsWith("logs.")) return keys.includes("kms:EncryptionContext:aws:logs:arn");
  if (Service) return keys.includes("aws:SourceAccount");
  const isNamed = AWS === rootOfAccount || keys.includes("aws:PrincipalArn");
  const isFor = keys.includes("kms:ViaService") || keys.includes("kms:EncryptionContextKeys");
  return isNamed && isFor && keys.includes("kms:CallerAccount");
}
