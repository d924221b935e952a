import { describe, expect, test } from "vitest";
import { configInput, machineArn, payoutWith, place, workflowsWith } from "../../test-support/fixtures.ts";
import { parseConfig } from "../config/config.ts";
import { InvalidInputError } from "../error/errors.ts";
import { registerWorkflows } from "./workflow.ts";

describe("a registered workflow", () => {
  test("has its ARN from a name, the account and the region", () => {
    expect(payoutWith()).toMatchObject({ name: "payout", startArn: machineArn, stateMachineArn: machineArn });
  });

  test("given as an alias starts the alias of the same machine", () => {
    const payout = payoutWith({ stateMachine: `${machineArn}:live` });
    expect(payout).toMatchObject({ startArn: `${machineArn}:live`, stateMachineArn: machineArn });
  });

  test.each([
    machineArn,
    `${machineArn}:7`,
    `${machineArn}:live`,
    `${machineArn}/EachOrder`,
  ])("is found by %s", (arn) => {
    expect(workflowsWith().byStateMachine(arn)?.name).toBe("payout");
  });

  test.each([
    `${machineArn}s`,
    machineArn.replace("eu-west-1", "eu-west-2"),
    machineArn.replace("123", "321"),
    "",
  ])("is not found by %s", (arn) => {
    expect(workflowsWith().byStateMachine(arn)).toBeUndefined();
  });

  test("is found by its name, not by what every object has", () => {
    expect(workflowsWith().get("payout")?.name).toBe("payout");
    expect(workflowsWith().get("constructor")).toBeUndefined();
    expect(workflowsWith().all()).toHaveLength(1);
  });

  test("has a policy version that follows what the policy says", () => {
    const version = payoutWith().policyVersion;
    expect(version).toMatch(/^p1\.[A-Za-z0-9_-]{16}$/);
    expect(payoutWith({ agents: { allow: false } }).policyVersion).toBe(version);
    expect(payoutWith({ agents: { allow: true } }).policyVersion).not.toBe(version);
  });

  test("is refused when a name and an ARN are one state machine", () => {
    const policy = (stateMachine: string) => ({ stateMachine, start: { scopes: ["a"] } });
    const config = parseConfig({
      ...configInput(),
      workflows: { a: policy("payout"), b: policy(machineArn) },
    });
    expect(() => registerWorkflows(config, place)).toThrow(InvalidInputError);
    expect(() => registerWorkflows(config, place)).toThrow(/workflows\.a\.stateMachine.*workflow "b"/);
  });
});
