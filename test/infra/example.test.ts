import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { allows, isDenied } from "./decide.ts";
import { StageUnderTest, statementsOf } from "./stage.ts";
import { account, arn, root } from "./synth/place.ts";

const trial = StageUnderTest.named("withExample");
const machine = arn("states", "stateMachine:payout");

describe("the example workflow", () => {
  test("is deployed where it is asked for, and nowhere else", () => {
    expect(trial.all("aws:sfn/stateMachine:StateMachine")).toHaveLength(1);
    expect(StageUnderTest.named("prod").all("aws:sfn/stateMachine:StateMachine")).toEqual([]);
  });

  test("is the one the embedded runtime has, and sends status events", () => {
    const { inputs } = trial.one("aws:sfn/stateMachine:StateMachine", "Payout");
    expect(inputs).toMatchObject({ name: "payout", type: "STANDARD" });
    expect(inputs["definition"]).toBe(readFileSync(join(root, "examples/payout/payout.asl.json"), "utf8"));
  });

  test("calls functions that are there by these names, and may call no other", () => {
    const definition = String(trial.one("aws:sfn/stateMachine:StateMachine", "Payout").inputs["definition"]);
    const called = [...definition.matchAll(/"FunctionName": "([^"]+)"/g)].map(([, name = ""]) => name);
    const policy = trial.statementsOfRole(trial.one("aws:iam/role:Role", "PayoutRole"));
    const isThere = (name: string) =>
      trial.all("aws:lambda/function:Function").some(({ inputs }) => inputs["name"] === name);
    const may = (name: string) =>
      allows(policy, { action: "lambda:InvokeFunction", resource: arn("lambda", `function:${name}`) });
    expect(called.sort()).toEqual(["payout-charge", "payout-check"]);
    expect(called.filter((name) => isThere(name) && may(name))).toEqual(called);
    expect(may("countersign-trial-gate")).toBe(false);
  });

  test("has a role for this state machine alone, and steps that may do nothing but write their logs", () => {
    const trust = statementsOf(trial.one("aws:iam/role:Role", "PayoutRole").inputs["assumeRolePolicy"]);
    const assume = (source: string) =>
      allows(
        trust.map((one) => ({ ...one, resources: ["*"] })),
        {
          action: "sts:AssumeRole",
          resource: "the role",
          principal: { service: "states.amazonaws.com" },
          context: { "aws:SourceAccount": account, "aws:SourceArn": source },
        },
      );
    expect(assume(machine)).toBe(true);
    expect(assume(arn("states", "stateMachine:other"))).toBe(false);
    for (const name of ["PayoutCheckRole", "PayoutChargeRole"]) {
      const role = trial.one("aws:iam/role:Role", name);
      const services = trial
        .statementsOfRole(role)
        .flatMap(({ actions }) => actions.map((one) => one.split(":")[0]));
      expect(new Set(services)).toEqual(new Set(["logs", "xray"]));
      expect(statementsOf(role.inputs["assumeRolePolicy"])).toMatchObject([
        { principal: { Service: "lambda.amazonaws.com" } },
      ]);
    }
  });

  test("is within the fence", () => {
    const boundary = statementsOf(trial.synthesized.outputs["permissionBoundary"]);
    expect(isDenied(boundary, { action: "states:StartExecution", resource: machine })).toBe(true);
  });
});
