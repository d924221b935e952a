import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { allows } from "./decide.ts";
import { askedOf } from "./observed/asked.ts";
import { DeployedFunctions } from "./observed/deployed.ts";
import { doEverything } from "./observed/everything.ts";
import type { Call } from "./observed/recording.ts";
import { StageUnderTest } from "./stage.ts";

describe.each([
  ["named as the provider does", "identifier", StageUnderTest.named("prod")],
  ["by reference", "pseudonym", StageUnderTest.named("byReference")],
] as const)("with people %s", (_, subjects, stage) => {
  let functions: DeployedFunctions;
  beforeAll(async () => {
    functions = await DeployedFunctions.of(stage, subjects);
    await doEverything(functions);
  });
  afterAll(() => functions?.close());

  test("every call that a function makes is one its stage allows", () => {
    const denied = functions.calls.flatMap((call) => deniedBy(stage, call));
    expect(denied).toEqual([]);
  });

  test("every function is seen at work, and most of what they may do", () => {
    const seen = new Set(
      functions.calls.flatMap((call) => askedOf(call).map(({ action }) => nameOf(call, action))),
    );
    const quiet = [...stage.functions.keys()].filter(
      (name) => ![...seen].some((one) => one.startsWith(`${name} `)),
    );
    expect(quiet).toEqual(["metadata"]);
    expect(seen.size).toBeGreaterThan(40);
  });
});

function deniedBy(stage: StageUnderTest, call: Call): string[] {
  const role = String(stage.functionNamed(call.functionName)["role"]);
  return askedOf(call)
    .filter((asked) => {
      const isKey = asked.action.startsWith("kms:");
      const policy = isKey ? stage.keyPolicy("SealsKey") : stage.permissionsOf(call.functionName);
      return !allows(policy, { ...asked, principal: { role } });
    })
    .map((asked) => `${nameOf(call, asked.action)} ${asked.resource} ${JSON.stringify(asked.context)}`);
}

function nameOf({ functionName }: Call, action: string): string {
  return `${functionName} ${action}`;
}
