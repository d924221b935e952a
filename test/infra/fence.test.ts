import { describe, expect, test } from "vitest";
import { allows, isDenied } from "./decide.ts";
import { StageUnderTest, statementsOf } from "./stage.ts";
import { account, arn } from "./synth/place.ts";

const { outputs } = StageUnderTest.named("prod").synthesized;
const boundary = statementsOf(outputs["permissionBoundary"]);
const controlPolicy = statementsOf(outputs["serviceControlPolicy"]);

const role = (name: string) => arn("iam", `role/${name}`, { region: "", account });
const starts: [string, string][] = [
  ["states:StartExecution", arn("states", "stateMachine:payout")],
  ["states:StartExecution", arn("states", "stateMachine:payout:live")],
  ["states:StartSyncExecution", arn("states", "stateMachine:payout")],
  ["states:RedriveExecution", arn("states", "execution:payout:one")],
];

describe.each(starts)("%s of %s", (action, resource) => {
  test("is not within the boundary", () => {
    expect(allows(boundary, { action, resource })).toBe(false);
  });

  test("is denied in the account to everybody but the gate", () => {
    const request = { action, resource };
    expect(isDenied(controlPolicy, { ...request, principal: { role: role("Administrator") } })).toBe(true);
    expect(
      isDenied(controlPolicy, { ...request, principal: { role: role("countersign-dev-eu-west-1-gate") } }),
    ).toBe(true);
    expect(
      isDenied(controlPolicy, { ...request, principal: { role: role("countersign-prod-eu-west-1-gate") } }),
    ).toBe(false);
  });
});

test("what is not registered, and all else, is left alone", () => {
  const other = { action: "states:StartExecution", resource: arn("states", "stateMachine:payouts") };
  expect(allows(boundary, other)).toBe(true);
  expect(allows(boundary, { action: "s3:GetObject", resource: "arn:aws:s3:::bucket/key" })).toBe(true);
  expect(isDenied(controlPolicy, { ...other, principal: { role: role("Administrator") } })).toBe(false);
});
