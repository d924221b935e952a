/** The error names AWS keeps for itself. */
export const errorNames = {
  all: "States.ALL",
  dataLimitExceeded: "States.DataLimitExceeded",
  intrinsicFailure: "States.IntrinsicFailure",
  noChoiceMatched: "States.NoChoiceMatched",
  queryEvaluationError: "States.QueryEvaluationError",
  resultPathMatchFailure: "States.ResultPathMatchFailure",
  runtime: "States.Runtime",
  taskFailed: "States.TaskFailed",
  timeout: "States.Timeout",
} as const;

/** A failure in the terms of the Amazon States Language: what `Retry` and `Catch` see. */
export class StateError extends Error {
  override readonly name = "StateError";
  readonly errorName: string;
  readonly causeText: string | undefined;
  /** The field whose evaluation failed; history then holds an `EvaluationFailed` event. */
  readonly location: string | undefined;
  /** Whether the cause is to say in which state it happened. */
  readonly isEvaluation: boolean;
  /** Whether AWS links the execution's last event to no other: a JSONPath evaluation that nothing caught. */
  readonly isDetached: boolean;

  constructor(
    errorName: string,
    causeText: string | undefined,
    details: {
      readonly location?: string;
      readonly isEvaluation?: boolean;
      readonly isDetached?: boolean;
    } = {},
  ) {
    super(`${errorName}: ${causeText ?? "no cause"}`);
    this.errorName = errorName;
    this.causeText = causeText;
    this.location = details.location;
    this.isEvaluation = details.isEvaluation ?? details.location !== undefined;
    this.isDetached = details.isDetached ?? false;
  }
}

/** A failure to evaluate a JSONPath field; nothing catches `States.Runtime`. */
export function runtimeError(cause: string): StateError {
  return new StateError(errorNames.runtime, cause, { isEvaluation: true });
}

/** A failure to evaluate a JSONata field at `location`. */
export function queryError(cause: string, location: string): StateError {
  return new StateError(errorNames.queryEvaluationError, cause, { location });
}
