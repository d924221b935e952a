import type { Payloads } from "../status-event/payload-facts.ts";

/** An execution as a list shows it; what it says may be some seconds old. */
export interface ListedExecution {
  readonly executionArn: string;
  readonly status: string;
  /** Epoch milliseconds. */
  readonly startDate: number;
  readonly stopDate?: number;
  readonly redriveCount: number;
}

/** All that Step Functions says of an execution. Its payloads are never to be kept. */
export interface ExecutionDetails extends ListedExecution, Payloads {
  readonly stateMachineArn: string;
  readonly stateMachineVersionArn?: string;
  readonly stateMachineAliasArn?: string;
  readonly redriveDate?: number;
}

/** A change of status in an execution's history: a start, a redrive or an end. */
export interface Milestone {
  readonly status: string;
  readonly redriveCount: number;
  /** Epoch milliseconds. */
  readonly at: number;
  readonly error?: string;
}

/** Which executions are listed: all of a state machine, those of it that run, or the children of a Map run. */
export type Listing =
  | { readonly stateMachineArn: string; readonly only?: "RUNNING" }
  | { readonly mapRunArn: string };

export interface ExecutionPage {
  /** Newest start first, as all pages together. */
  readonly executions: readonly ListedExecution[];
  /** What the next page is asked for with; it may be kept, for as long as Step Functions takes it. */
  readonly next?: string;
}

/**
 * Asks Step Functions what has been going on.
 *
 * Calls keep under the account's quotas by waiting. All throw {@link UnavailableError} `store.unavailable`.
 */
export interface AccountExecutions {
  /** @throws {ConflictError} when `next` is not taken any more: begin anew. */
  list(listing: Listing, next?: string): Promise<ExecutionPage>;

  /** Undefined when Step Functions knows no such execution. */
  details(executionArn: string): Promise<ExecutionDetails | undefined>;

  /** Oldest first; read from the history, without its data. */
  milestones(executionArn: string): Promise<readonly Milestone[]>;

  /** Whether the state machine's definition has a distributed Map whose children are executions to list. */
  hasMapChildren(stateMachineArn: string): Promise<boolean>;

  /** ARNs of the Map runs of an execution. */
  mapRuns(executionArn: string): Promise<readonly string[]>;
}
