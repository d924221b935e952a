import { openDatabase } from "../../wire/database.ts";
import { createStepFunctions } from "../service.ts";
import { testRole } from "./harness.ts";

/**
 * A process to be killed: it starts executions on the database file named by its first argument and writes
 * the ARN of each, once StartExecution has answered, as a line of its output.
 */
async function main(path: string): Promise<void> {
  const { service } = createStepFunctions({
    database: openDatabase(path),
    invokeFunction: () => new Promise(() => undefined),
    publish: () => new Promise(() => undefined),
  });
  const call = async (operation: string, input: object) =>
    (await service.operations[operation]?.(input)) as Record<string, string>;
  const definition = JSON.stringify({
    StartAt: "First",
    States: {
      First: { Type: "Pass", Assign: { "n.$": "$.n" }, Next: "Call" },
      Call: { Type: "Task", Resource: "arn:aws:lambda:us-east-1:000000000000:function:f", End: true },
    },
  });
  const machine = await call("CreateStateMachine", { name: "killed", definition, roleArn: testRole });
  for (let n = 0; ; n += 1) {
    const input = JSON.stringify({ n });
    const started = await call("StartExecution", { stateMachineArn: machine["stateMachineArn"], input });
    process.stdout.write(`${started["executionArn"]}\n`);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

await main(process.argv[2] ?? "");
