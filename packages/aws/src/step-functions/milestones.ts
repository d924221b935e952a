import { GetExecutionHistoryCommand, type HistoryEvent, type SFNClient } from "@aws-sdk/client-sfn";
import type { Milestone } from "@countersign/core/reconciler/account-executions";
import { orUnavailable } from "../sdk-error.ts";
import { answered, unlessUnknown } from "./answers.ts";

const pageSize = 1000;

/** The status that each type of history event brings an execution to. */
const statuses: Readonly<Record<string, string>> = {
  ExecutionStarted: "RUNNING",
  ExecutionRedriven: "RUNNING",
  ExecutionSucceeded: "SUCCEEDED",
  ExecutionFailed: "FAILED",
  ExecutionTimedOut: "TIMED_OUT",
  ExecutionAborted: "ABORTED",
};

/** The starts, redrives and ends in an execution's history, oldest first; none of an unknown execution. */
export async function readMilestones(sfn: SFNClient, executionArn: string): Promise<readonly Milestone[]> {
  const milestones: Milestone[] = [];
  let redriveCount = 0;
  for await (const event of historyOf(sfn, executionArn)) {
    const status = statuses[answered(event, "type")];
    if (status === undefined) continue;
    if (event.type === "ExecutionRedriven") {
      redriveCount = event.executionRedrivenEventDetails?.redriveCount ?? redriveCount + 1;
    }
    const at = answered(event, "timestamp").getTime();
    const error = errorOf(event);
    milestones.push({ status, redriveCount, at, ...(error !== undefined && { error }) });
  }
  return milestones;
}

async function* historyOf(sfn: SFNClient, executionArn: string): AsyncGenerator<HistoryEvent> {
  let nextToken: string | undefined;
  do {
    const command = new GetExecutionHistoryCommand({
      executionArn,
      includeExecutionData: false,
      maxResults: pageSize,
      ...(nextToken !== undefined && { nextToken }),
    });
    const page = await unlessUnknown(orUnavailable(sfn.send(command), "Step Functions"));
    yield* page?.events ?? [];
    nextToken = page?.nextToken;
  } while (nextToken !== undefined);
}

function errorOf(event: HistoryEvent): string | undefined {
  const details =
    event.executionFailedEventDetails ??
    event.executionTimedOutEventDetails ??
    event.executionAbortedEventDetails;
  return details?.error;
}
