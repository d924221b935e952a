import { describe, expect, test } from "vitest";
import { executionArnOf, isMapChild, stateMachineArnOf } from "./step-functions.ts";

const base = "arn:aws:states:eu-west-1:123456789012";

describe("an execution's ARN", () => {
  test("follows from the state machine's ARN and the name, and back", () => {
    const executionArn = executionArnOf(`${base}:stateMachine:payout`, "cs-1");
    expect(executionArn).toBe(`${base}:execution:payout:cs-1`);
    expect(stateMachineArnOf(executionArn)).toBe(`${base}:stateMachine:payout`);
  });

  test.each([
    [`${base}:execution:payout:cs-1`, false],
    [`${base}:execution:payout/EachOrder:7c1f`, true],
    [`${base}:execution:payout:with/slash`, false],
    [`${base}:execution:payout/EachOrder`, false],
  ])("%s is a Map's child: %s", (executionArn, isChild) => {
    expect(isMapChild(executionArn)).toBe(isChild);
  });
});
