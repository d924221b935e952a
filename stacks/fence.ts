import type { Registry } from "./registry.ts";
import { roleArn, type Stage } from "./stage.ts";

/** What starts an execution, or starts one again. */
const starts = ["states:RedriveExecution", "states:StartExecution", "states:StartSyncExecution"];

/**
 * Texts for the rest of the account: Step Functions has no resource-based policies, so that only the gate starts
 * registered state machines has to be said to everybody else.
 *
 * `permissionBoundary` is for roles and users one by one, `serviceControlPolicy` for the account as a whole.
 */
export function fenceOf(stage: Stage, { workflows }: Registry) {
  if (workflows.length === 0) return {};
  const deny = { Sid: "GateAlone", Effect: "Deny", Action: starts, Resource: workflows.flatMap(startable) };
  const anything = { Sid: "OtherwiseAsAllowed", Effect: "Allow", Action: "*", Resource: "*" };
  return {
    permissionBoundary: policy([anything, deny]),
    serviceControlPolicy: policy([
      { ...deny, Condition: { ArnNotEquals: { "aws:PrincipalArn": roleArn(stage, "gate") } } },
    ]),
  };
}

/** A start is checked against the state machine, a redrive against the execution. */
function startable({ stateMachineArn }: Registry["workflows"][number]): string[] {
  const execution = stateMachineArn.replace(":stateMachine:", ":execution:");
  return [stateMachineArn, `${stateMachineArn}:*`, `${execution}:*`];
}

function policy(Statement: object[]): string {
  return JSON.stringify({ Version: "2012-10-17", Statement });
}
