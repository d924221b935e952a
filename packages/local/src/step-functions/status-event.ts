import { account, region } from "../wire/account.ts";
import { dataLimitBytes } from "./json.ts";

/** The statuses an execution can have here; nothing is ever `PENDING_REDRIVE`. */
export type ExecutionStatus = "RUNNING" | "SUCCEEDED" | "FAILED" | "TIMED_OUT" | "ABORTED";

/** What the status event tells of an execution. */
export interface ExecutionFacts {
  readonly executionArn: string;
  readonly stateMachineArn: string;
  readonly stateMachineVersionArn: string | null;
  readonly stateMachineAliasArn: string | null;
  readonly name: string;
  readonly status: ExecutionStatus;
  readonly startDate: number;
  readonly stopDate: number | null;
  readonly input: string;
  readonly output: string | null;
  readonly error: string | null;
  readonly cause: string | null;
}

/** The `detail` of a "Step Functions Execution Status Change" event. */
export interface StatusChangeDetail extends Omit<ExecutionFacts, "input"> {
  readonly input: string | null;
  readonly inputDetails: { readonly included: boolean };
  readonly outputDetails: { readonly included: boolean } | null;
  readonly redriveCount: number;
  readonly redriveDate: null;
  readonly redriveStatus: "REDRIVABLE" | "NOT_REDRIVABLE";
  readonly redriveStatusReason: string | null;
}

/** The whole EventBridge envelope but its `id`, which the bus gives. */
export interface StatusChangeEvent {
  readonly version: "0";
  readonly "detail-type": "Step Functions Execution Status Change";
  readonly source: "aws.states";
  readonly account: string;
  readonly time: string;
  readonly region: string;
  readonly resources: readonly [string];
  readonly detail: StatusChangeDetail;
}

const eventDataLimitBytes = dataLimitBytes - 8 * 1024;

/** Builds the event for the status `facts` just came to have, at epoch milliseconds `at`. */
export function statusChangeEvent(facts: ExecutionFacts, at: number): StatusChangeEvent {
  return {
    version: "0",
    "detail-type": "Step Functions Execution Status Change",
    source: "aws.states",
    account,
    time: new Date(at).toISOString().replace(/\.\d{3}Z$/, "Z"),
    region,
    resources: [facts.executionArn],
    detail: { ...facts, ...eventData(facts), ...redrive(facts.status) },
  };
}

/** Says whether AWS would let an execution of this status be redriven, and if not why. */
export function redrive(
  status: ExecutionStatus,
): Pick<StatusChangeDetail, "redriveCount" | "redriveDate" | "redriveStatus" | "redriveStatusReason"> {
  const isFinal = status === "RUNNING" || status === "SUCCEEDED";
  return {
    redriveCount: 0,
    redriveDate: null,
    redriveStatus: isFinal ? "NOT_REDRIVABLE" : "REDRIVABLE",
    redriveStatusReason: isFinal ? `Execution is ${status} and cannot be redriven` : null,
  };
}

/**
 * Leaves out the input when escaped input and output together pass 248 KiB, and the output too when it
 * does alone.
 *
 * @see https://docs.aws.amazon.com/step-functions/latest/dg/eventbridge-integration.html
 */
function eventData(
  facts: ExecutionFacts,
): Pick<StatusChangeDetail, "input" | "inputDetails" | "output" | "outputDetails"> {
  const outputBytes = facts.output === null ? 0 : escapedBytes(facts.output);
  const hasInput = escapedBytes(facts.input) + outputBytes <= eventDataLimitBytes;
  const hasOutput = outputBytes <= eventDataLimitBytes;
  return {
    input: hasInput ? facts.input : null,
    inputDetails: { included: hasInput },
    output: hasOutput ? facts.output : null,
    outputDetails: facts.output === null ? null : { included: hasOutput },
  };
}

function escapedBytes(text: string): number {
  return Buffer.byteLength(JSON.stringify(text)) - 2;
}
