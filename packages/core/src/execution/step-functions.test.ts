import { describe, expect, test } from "vitest";
import { claimedParentOf, executionArnOf, isMapChild, stateMachineArnOf } from "./step-functions.ts";

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

describe("the parent an input claims", () => {
  const parent = `${base}:execution:payout:cs-1`;
  const input = (claim: unknown) => JSON.stringify({ AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID: claim });

  test("is the execution, or the Map's child, that the documented field names", () => {
    expect(claimedParentOf(input(parent))).toBe(parent);
    expect(claimedParentOf(input(`${base}:execution:payout/Each:7c1f`))).toBe(
      `${base}:execution:payout/Each:7c1f`,
    );
  });

  test.each([
    ["no input", null],
    ["an input without it", "{}"],
    ["a list", `["AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID"]`],
    ["null", `null    "AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID"`],
    ["a number", input(1)],
    ["a state machine", input(`${base}:stateMachine:payout`)],
    ["an Express execution", input(`${base}:express:payout:a:b`)],
    ["an ARN too long to ask about", input(`${parent}${"a".repeat(256)}`)],
    ["an ARN with a space", input(`${parent} `)],
  ])("is none for %s", (_what, text) => {
    expect(claimedParentOf(text)).toBeUndefined();
  });
});
