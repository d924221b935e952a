import { openDatabase } from "../../wire/database.ts";
import { createStepFunctions } from "../service.ts";
import { testRole } from "./harness.ts";

const calling = {
  StartAt: "First",
  States: {
    First: { Type: "Pass", Assign: { "n.$": "$.n" }, Next: "Call" },
    Call: { Type: "Task", Resource: "arn:aws:lambda:us-east-1:000000000000:function:f", End: true },
  },
};
const nesting = {
  StartAt: "Nest",
  States: {
    Nest: {
      Type: "Task",
      Resource: "arn:aws:states:::states:startExecution.sync:2",
      Parameters: {
        StateMachineArn: "arn:aws:states:us-east-1:000000000000:stateMachine:child",
        "Input.$": "$",
      },
      End: true,
    },
  },
};

/**
 * A process to be killed: it starts executions on the database file named by its first argument and writes
 * the ARN of each, once StartExecution has answered, as a line of its output. With `nested` as the second,
 * each of them starts another.
 */
async function main(path: string, isNested: boolean): Promise<void> {
  const { service } = createStepFunctions({
    database: openDatabase(path),
    invokeFunction: () => new Promise(() => undefined),
    publish: () => new Promise(() => undefined),
  });
  const call = async (operation: string, input: object) =>
    (await service.operations[operation]?.(input)) as Record<string, string>;
  const create = (name: string, definition: object) =>
    call("CreateStateMachine", { name, definition: JSON.stringify(definition), roleArn: testRole });
  if (isNested) await create("child", calling);
  const machine = await create("killed", isNested ? nesting : calling);
  for (let n = 0; ; n += 1) {
    const input = JSON.stringify({ n });
    const started = await call("StartExecution", { stateMachineArn: machine["stateMachineArn"], input });
    process.stdout.write(`${started["executionArn"]}\n`);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

await main(process.argv[2] ?? "", process.argv[3] === "nested");
