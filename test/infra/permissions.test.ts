import { describe, expect, test } from "vitest";
import { allows } from "./decide.ts";
import { describePolicies } from "./describe-policies.ts";
import { StageUnderTest, statementsOf } from "./stage.ts";
import { account, arn } from "./synth/place.ts";

const prod = StageUnderTest.named("prod");
const many = StageUnderTest.named("many");

const stages = () => [prod, many];
const roles = () => stages().flatMap((stage) => stage.all("aws:iam/role:Role"));
const statements = () =>
  stages().flatMap((stage) => stage.all("aws:iam/role:Role").flatMap((role) => stage.statementsOfRole(role)));

/** Names that AWS gives only later are told by what stands before them. */
const namedAhead =
  /^arn:aws:(states:[^*]+:(execution:[^*:/]+[:/]|mapRun:[^*:/]+\/)|logs:[^*]+:log-group:[^*]+:)\*$/;

describe("each function's policy", () => {
  test("is what a person has read and agreed to", async () => {
    await expect(describePolicies(prod)).toMatchFileSnapshot("policies.txt");
  });

  test("names its actions one by one", () => {
    const actions = statements().flatMap((statement) => statement.actions);
    expect(actions.length).toBeGreaterThan(100);
    expect(actions.filter((action) => !/^[a-z]+:[A-Z][A-Za-z]+$/.test(action))).toEqual([]);
  });

  test("names its resources, but for tracing, which takes none", () => {
    const vague = statements()
      .filter(({ actions }) => !actions.every((action) => action.startsWith("xray:")))
      .flatMap(({ resources }) => resources)
      .filter((resource) => resource.includes("*") && !namedAhead.test(resource));
    expect(vague).toEqual([]);
  });

  test("is its role's own, or of this stage", () => {
    for (const role of prod.all("aws:iam/role:Role")) expect(prod.attachedTo(role), role.name).toEqual([]);
    for (const role of many.all("aws:iam/role:Role")) expect(many.attachedTo(role)).toBeDefined();
    expect(prod.all("aws:iam/rolePolicy:RolePolicy")).toEqual([]);
    expect(prod.all("aws:iam/rolePolicyAttachment:RolePolicyAttachment")).toEqual([]);
  });

  test("is no longer than IAM takes, with sixty workflows too", () => {
    for (const role of many.all("aws:iam/role:Role")) {
      const [inline, ...others] = (role.inputs["inlinePolicies"] ?? []) as { policy: string }[];
      expect(inline?.policy.length, role.name).toBeLessThanOrEqual(10_240);
      expect(others).toEqual([]);
      const attached = many.attachedTo(role);
      expect(attached.length).toBeLessThanOrEqual(10);
      for (const { inputs } of attached) expect(String(inputs["policy"]).length).toBeLessThanOrEqual(6_144);
    }
    expect(many.attachedTo(many.roleOf("reconciler")).length).toBeGreaterThan(1);
    expect(many.keyPolicy("SealsKey").length).toBe(4);
    expect(String(many.one("aws:kms/key:Key", "SealsKey").inputs["policy"]).length).toBeLessThan(32_768);
  });

  test("reaches the last of many workflows as well as the first", () => {
    for (const index of [0, 30, 58]) {
      const resource = arn("states", `execution:workflow-with-quite-a-long-name-number-${index}:one`);
      expect(allows(many.permissionsOf("recorder"), { action: "states:DescribeExecution", resource })).toBe(
        true,
      );
      expect(allows(many.permissionsOf("executions"), { action: "states:StopExecution", resource })).toBe(
        true,
      );
    }
  });
});

test("every role trusts its service alone", () => {
  for (const { inputs } of roles()) {
    const [statement, ...others] = statementsOf(inputs["assumeRolePolicy"]);
    const service = String(inputs["name"]).endsWith("-schedule")
      ? "scheduler.amazonaws.com"
      : "lambda.amazonaws.com";
    expect(statement, String(inputs["name"])).toMatchObject({
      principal: { Service: service },
      actions: ["sts:AssumeRole"],
    });
    expect(others).toEqual([]);
  }
  expect(roles().length).toBeGreaterThan(18);
});

describe("in the ledger", () => {
  const changing = [
    "UpdateItem",
    "DeleteItem",
    "BatchWriteItem",
    "PartiQLInsert",
    "PartiQLUpdate",
    "PartiQLDelete",
  ];

  test("no function changes or deletes", () => {
    for (const name of prod.functions.keys()) {
      for (const action of changing) {
        expect(mayOnLedger(name, action, "EXECUTION#x"), `${name} ${action}`).toBe(false);
      }
    }
  });

  test("who writes reads no entry, but what its own overflow meets", () => {
    expect(mayOnLedger("recorder", "PutItem", "EXECUTION#x")).toBe(true);
    expect(mayOnLedger("recorder", "BatchGetItem", "OVERFLOW#x")).toBe(true);
    expect(mayOnLedger("recorder", "BatchGetItem", "EXECUTION#x")).toBe(false);
    expect(mayOnLedger("gate", "Query", "EXECUTION#x")).toBe(false);
  });

  function mayOnLedger(name: string, action: string, key: string): boolean {
    return mayOn(name, "LedgerTable", action, key);
  }
});

describe("among the items of the state table", () => {
  test("seals are read by the revoker alone", () => {
    const readers = [...prod.functions.keys()].filter((name) =>
      mayOn(name, "StateTable", "GetItem", "SEAL#x"),
    );
    expect(readers).toEqual(["revoker"]);
    for (const name of prod.functions.keys()) {
      expect(mayOn(name, "StateTable", "BatchGetItem", "SEAL#x"), name).toBe(false);
    }
  });

  test("subjects' keys are destroyed by an erasure alone", () => {
    const destroying = [...prod.functions.keys()].filter((name) =>
      mayOn(name, "StateTable", "DeleteItem", "KEY#x"),
    );
    expect(destroying.sort()).toEqual(["subjects", "sweeper"]);
  });

  test("no function reads all of it", () => {
    for (const name of prod.functions.keys()) {
      expect(mayOn(name, "StateTable", "Scan", "EXECUTION#x"), name).toBe(false);
      expect(mayOn(name, "LedgerTable", "Scan", "EXECUTION#x"), name).toBe(false);
    }
  });
});

describe("registered state machines", () => {
  const machine = arn("states", "stateMachine:payout");
  const execution = arn("states", "execution:payout:one");

  test("are started by the gate alone", () => {
    expect(whoMay("states:StartExecution", machine)).toEqual(["gate"]);
    expect(whoMay("states:StartExecution", arn("states", "stateMachine:other"))).toEqual([]);
    expect(whoMay("states:RedriveExecution", execution)).toEqual([]);
  });

  test("are started in the registered version only", () => {
    const start = (qualifier: string) =>
      allows(many.permissionsOf("gate"), {
        action: "states:StartExecution",
        resource: arn("states", "stateMachine:payments"),
        context: { "states:StateMachineQualifier": qualifier },
      });
    expect(start("7")).toBe(true);
    expect(start("8")).toBe(false);
  });

  test("have executions that are stopped through the API and looked at by who must", () => {
    expect(whoMay("states:StopExecution", execution)).toEqual(["executions"]);
    expect(whoMay("states:DescribeExecution", execution)).toEqual([
      "executions",
      "gate",
      "reconciler",
      "recorder",
      "sweeper",
    ]);
    expect(whoMay("states:GetExecutionHistory", execution)).toEqual(["executions", "reconciler", "recorder"]);
    const child = arn("states", "execution:payout/Each:one");
    expect(whoMay("states:DescribeExecution", child)).toEqual(["executions", "reconciler", "recorder"]);
    expect(whoMay("states:DescribeMapRun", arn("states", "mapRun:payout/Each:one"))).toEqual([
      "executions",
      "reconciler",
      "recorder",
    ]);
  });

  test("leave the executions of others alone, of similar names too", () => {
    for (const name of ["other", "payouts", "pay"]) {
      expect(whoMay("states:DescribeExecution", arn("states", `execution:${name}:one`))).toEqual([]);
    }
  });

  function whoMay(action: string, resource: string): string[] {
    return [...prod.functions.keys()]
      .filter((name) => allows(prod.permissionsOf(name), { action, resource }))
      .sort();
  }
});

test("a function logs into its own group only", () => {
  const log = (name: string, group: string) =>
    allows(prod.permissionsOf(name), {
      action: "logs:PutLogEvents",
      resource: arn("logs", `log-group:/countersign/prod/${group}:log-stream:x`),
    });
  expect(log("audit", "audit")).toBe(true);
  expect(log("audit", "gate")).toBe(false);
});

test("invocation is given to this API for its routes, and to nobody else", () => {
  const permissions = prod.all("aws:lambda/permission:Permission");
  expect(permissions.length).toBeGreaterThanOrEqual(10);
  for (const { inputs } of permissions) {
    expect(inputs["principal"]).toBe("apigateway.amazonaws.com");
    expect(inputs["sourceArn"]).toMatch(
      new RegExp(`^arn:aws:execute-api:eu-west-1:${account}:countersign-prod-ApiApi-`),
    );
  }
});

function mayOn(name: string, table: string, action: string, key: string): boolean {
  const physical = prod.one("aws:dynamodb/table:Table", table).inputs["name"];
  return allows(prod.permissionsOf(name), {
    action: `dynamodb:${action}`,
    resource: arn("dynamodb", `table/${physical}`),
    context: { "dynamodb:LeadingKeys": [key] },
  });
}
