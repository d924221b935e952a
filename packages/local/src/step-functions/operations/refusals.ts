import { AwsError } from "../../wire/aws-json.ts";

/** @returns the refusal of a state machine, version or alias that is not there. */
export function stateMachineDoesNotExist(arn: string): AwsError {
  return new AwsError("StateMachineDoesNotExist", `State Machine Does Not Exist: '${arn}'`);
}

/** @returns the refusal of a change to a state machine that is being deleted. */
export function stateMachineDeleting(arn: string): AwsError {
  return new AwsError("StateMachineDeleting", `State Machine is being deleted: '${arn}'`);
}

/** @returns the refusal of an execution that is not there. */
export function executionDoesNotExist(arn: string): AwsError {
  return new AwsError("ExecutionDoesNotExist", `Execution Does Not Exist: '${arn}'`);
}

/** @returns the refusal of a parameter's value, in the words of AWS's request validation. */
export function validationError(field: string, constraint: string): AwsError {
  return new AwsError(
    "ValidationException",
    `1 validation error detected: Value at '${field}' failed to satisfy constraint: ${constraint}`,
  );
}

const forbiddenInNames = /[\s<>{}[\]?*"#%\\^|~`$&,;:/\p{Cc}\p{Cs}\ufffe\uffff]/u;

/**
 * Checks the name of a state machine or an execution.
 *
 * @throws {AwsError} `InvalidName` for a character AWS does not take, `ValidationException` for the length.
 * @see https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html
 */
export function checkName(name: string): string {
  if (name.length < 1 || name.length > 80) {
    throw validationError("name", "Member must have length between 1 and 80");
  }
  if (forbiddenInNames.test(name)) throw new AwsError("InvalidName", `Invalid Name: '${name}'`);
  return name;
}
