import { parseStateMachineArn, type StateMachineRef } from "../arn.ts";
import type { Clock } from "../clock.ts";
import type { Runner } from "../runner.ts";
import type { EndingStores } from "../store/ending.ts";
import type { MachineRow, RevisionRow, VersionRow } from "../store/machines.ts";
import { stateMachineDoesNotExist } from "./refusals.ts";

/** What the operations work on. */
export interface OperationContext extends EndingStores {
  readonly clock: Clock;
  readonly runner: Runner;
}

/** A state machine as some ARN names it: unqualified, by version, or by alias. */
export interface ResolvedMachine {
  readonly ref: StateMachineRef;
  readonly machine: MachineRow;
  readonly revision: RevisionRow;
  readonly version: VersionRow | undefined;
}

/**
 * Finds the state machine an ARN names.
 *
 * @throws {AwsError} `InvalidArn` or `StateMachineDoesNotExist`.
 */
export function resolveMachine({ machines }: OperationContext, arn: string): ResolvedMachine {
  const ref = parseStateMachineArn(arn);
  const machine = machines.get(ref.machineArn);
  if (!machine) throw stateMachineDoesNotExist(arn);
  const number = ref.alias === undefined ? ref.version : machines.alias(arn)?.version;
  if (number === undefined && ref.alias !== undefined) throw stateMachineDoesNotExist(arn);
  const version = number === undefined ? undefined : machines.version(machine.arn, number);
  if (number !== undefined && !version) throw stateMachineDoesNotExist(arn);
  return { ref, machine, revision: machines.revision(version?.revision ?? machine.revision), version };
}

/** Finds the state machine of an unqualified ARN. @throws {AwsError} for any other. */
export function requireMachine(context: OperationContext, arn: string): ResolvedMachine {
  const resolved = resolveMachine(context, arn);
  if (resolved.ref.arn !== resolved.machine.arn) throw stateMachineDoesNotExist(arn);
  return resolved;
}

/** The ARN of a version. */
export function versionArn(version: VersionRow): string {
  return `${version.machine_arn}:${version.version}`;
}
