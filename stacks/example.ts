import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type Foundation, trustOf, writeTelemetry } from "./function.ts";
import { roleName } from "./stage.ts";

/** The steps of the example workflow, named as its definition calls them. */
const steps = { "payout-check": "check", "payout-charge": "charge" } as const;

/** A state machine to try a stage with: the same one that the embedded runtime has. */
export function createExample({ stage, logs }: Foundation): void {
  const functions = Object.entries(steps).map(([name, file]) => createStep({ stage, logs }, name, file));
  const role = new aws.iam.Role("PayoutRole", {
    name: roleName(stage, "payout"),
    assumeRolePolicy: trustOf("states.amazonaws.com", {
      StringEquals: { "aws:SourceAccount": stage.account },
      ArnEquals: { "aws:SourceArn": stateMachineArn(stage) },
    }),
    inlinePolicies: [
      {
        name: "inline",
        policy: $jsonStringify({
          Version: "2012-10-17",
          Statement: [
            {
              Effect: "Allow",
              Action: ["lambda:InvokeFunction"],
              Resource: functions.map(({ arn }) => arn),
            },
          ],
        }),
      },
    ],
  });
  new aws.sfn.StateMachine("Payout", {
    name: "payout",
    type: "STANDARD",
    roleArn: role.arn,
    definition: readFileSync(join($cli.paths.root, "examples/payout/payout.asl.json"), "utf8"),
  });
}

function createStep({ stage, logs }: Pick<Foundation, "stage" | "logs">, name: string, file: string) {
  const logicalName = `Payout${file.charAt(0).toUpperCase()}${file.slice(1)}`;
  const logGroup = logs.ofFunction(name, logicalName);
  return new sst.aws.Function(logicalName, {
    name,
    description: "A step of the example workflow",
    handler: `examples/payout/${file}.handler`,
    runtime: "nodejs24.x",
    architecture: "arm64",
    memory: "256 MB",
    timeout: "10 seconds",
    nodejs: { format: "esm", minify: true },
    logging: { format: "json", logGroup: logGroup.name },
    permissions: writeTelemetry(logGroup),
    transform: {
      function: (args) => {
        args.tracingConfig = { mode: "Active" };
        args.environment = undefined;
      },
      role: (args) => {
        args.name = roleName(stage, name);
        args.managedPolicyArns = [];
      },
    },
  });
}

function stateMachineArn({ partition, region, account }: Foundation["stage"]): string {
  return `arn:${partition}:states:${region}:${account}:stateMachine:payout`;
}
