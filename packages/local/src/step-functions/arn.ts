import { account, region } from "../wire/account.ts";
import { AwsError } from "../wire/aws-json.ts";

const prefix = `arn:aws:states:${region}:${account}`;

/** A state machine ARN taken apart: unqualified, or with a version number or an alias name. */
export interface StateMachineRef {
  readonly arn: string;
  readonly machineArn: string;
  readonly version?: number;
  readonly alias?: string;
}

/** Builds the unqualified ARN of a state machine. */
export function stateMachineArn(name: string): string {
  return `${prefix}:stateMachine:${name}`;
}

/** Builds the ARN of an execution of the state machine named `machineName`. */
export function executionArn(machineName: string, name: string): string {
  return `${prefix}:execution:${machineName}:${name}`;
}

/** Takes a state machine ARN apart. @throws {AwsError} `InvalidArn` when it is none. */
export function parseStateMachineArn(arn: string): StateMachineRef {
  const [name, qualifier, ...rest] = resourceParts(arn, "stateMachine");
  if (!name || rest.length > 0 || qualifier === "") throw invalidArn(arn);
  const machineArn = arn.split(":").slice(0, 7).join(":");
  if (qualifier === undefined) return { arn, machineArn };
  return /^\d+$/.test(qualifier)
    ? { arn, machineArn, version: Number(qualifier) }
    : { arn, machineArn, alias: qualifier };
}

/** Checks the shape of an execution ARN. @throws {AwsError} `InvalidArn` when it is none. */
export function checkExecutionArn(arn: string): string {
  const [machine, name, ...rest] = resourceParts(arn, "execution");
  if (!machine || !name || rest.length > 0) throw invalidArn(arn);
  return arn;
}

function resourceParts(arn: string, kind: string): string[] {
  const parts = arn.split(":");
  if (parts[0] !== "arn" || parts[2] !== "states" || parts.length < 7) throw invalidArn(arn);
  if (parts[5] !== kind) {
    throw new AwsError("InvalidArn", `Invalid Arn: 'Resource type not valid in this context: ${parts[5]}'`);
  }
  return parts.slice(6);
}

function invalidArn(arn: string): AwsError {
  return new AwsError("InvalidArn", `Invalid Arn: '${arn}'`);
}
