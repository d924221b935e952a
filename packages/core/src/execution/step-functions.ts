/** An execution as Step Functions describes it. */
export interface ExecutionDescription {
  readonly executionArn: string;
  readonly stateMachineArn: string;
  readonly status: string;
  /** Epoch milliseconds. */
  readonly startDate: number;
  readonly stopDate?: number;
  readonly redriveCount: number;
  readonly error?: string;
  /** Never to be kept: read for its digest and its token shapes. */
  readonly input?: string;
}

/** What StartExecution came to. */
export type StartOutcome =
  | { readonly started: true; readonly executionArn: string; readonly startDate: number }
  /** An execution of this name exists with another input, or is closed. */
  | { readonly started: false; readonly reason: "exists" };

/** Starts executions of registered workflows; given to the gate alone. */
export interface ExecutionStarter {
  /**
   * @throws {RefusedError} `execution.start_refused` when Step Functions says no for good.
   * @throws {OutcomeUnknownError} `store.unavailable` when the answer was lost: it may have started.
   */
  start(request: { startArn: string; name: string; input: string }): Promise<StartOutcome>;
}

/** Looks at executions. */
export interface ExecutionReader {
  /** Undefined when Step Functions knows no such execution. @throws {UnavailableError} `store.unavailable`. */
  describe(executionArn: string): Promise<ExecutionDescription | undefined>;

  /** The execution whose distributed Map runs this child, or undefined. @throws {UnavailableError} `store.unavailable`. */
  mapParent(executionArn: string): Promise<string | undefined>;

  /**
   * Whether the parent's own history says that one of its Tasks started the child within this time.
   *
   * False when Step Functions knows no such parent. The history's data is read for this and dropped.
   *
   * @throws {UnavailableError} `store.unavailable`.
   */
  hasStarted(parent: string, child: string, within: TimeSpan): Promise<boolean>;
}

/** Both ends are part of it; epoch milliseconds. */
export interface TimeSpan {
  readonly from: number;
  readonly to: number;
}

/** Stops executions. */
export interface ExecutionStopper {
  /** False when it was not running. @throws {UnavailableError} `store.unavailable`. */
  stop(executionArn: string, reason: { error: string; cause: string }): Promise<boolean>;
}

/** ARN of an execution, known before it starts. */
export function executionArnOf(stateMachineArn: string, name: string): string {
  return `${stateMachineArn.replace(":stateMachine:", ":execution:")}:${name}`;
}

/** Whether an ARN is that of a distributed Map's child: its state machine carries the Map's label. */
export function isMapChild(executionArn: string): boolean {
  return /:execution:[^:/]+\/[^:]+:[^:]+$/.test(executionArn);
}

/** ARN of the state machine an execution runs, without version or alias. */
export function stateMachineArnOf(executionArn: string): string {
  return executionArn.replace(":execution:", ":stateMachine:").split(":").slice(0, 7).join(":");
}

const parentField = "AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID";

/**
 * The execution that an input names as the one that started it, by the convention Step Functions documents.
 *
 * A claim and no more: whoever starts an execution writes its input.
 *
 * @see https://docs.aws.amazon.com/step-functions/latest/dg/concepts-nested-workflows.html
 */
export function claimedParentOf(input: string | null | undefined): string | undefined {
  const claim = memberOf(input, parentField);
  return typeof claim === "string" && isExecutionArn(claim) ? claim : undefined;
}

/** The grant that an input names in the object the gate writes. Nobody knows a grant's id before it has started. */
export function grantIdOf(input: string | null | undefined): string | undefined {
  const written = memberOf(input, "countersign");
  const grantId = (written as { readonly grantId?: unknown } | null | undefined)?.grantId;
  return typeof grantId === "string" ? grantId.slice(0, 64) : undefined;
}

function memberOf(input: string | null | undefined, name: string): unknown {
  if (!input?.includes(name)) return undefined;
  try {
    return (JSON.parse(input) as Record<string, unknown> | null)?.[name];
  } catch {
    return undefined;
  }
}

/** Whether a text is an execution's ARN: what it lets through can be asked about, anything else would be an error. */
export function isExecutionArn(value: string): boolean {
  return (
    value.length <= 256 && /^arn:[a-z-]+:states:[a-z0-9-]+:\d{12}:execution:[^\s:]+:[^\s:/]+$/.test(value)
  );
}
