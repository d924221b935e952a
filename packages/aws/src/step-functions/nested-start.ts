import { GetExecutionHistoryCommand, type HistoryEvent, type SFNClient } from "@aws-sdk/client-sfn";
import type { TimeSpan } from "@countersign/core/execution/step-functions";
import { orUnavailable } from "../sdk-error.ts";

/** A history ends at 25,000 events; pages are as long as AWS gives them, shorter where events carry much data. */
const pageSize = 1000;
const maxPages = 50;

/**
 * Whether the parent's history holds the start of the child: read newest first, back to the start of the time.
 *
 * What the events carry is looked at and dropped. A history longer than {@link maxPages} proves nothing.
 *
 * @throws whatever the SDK throws for a parent that it does not know.
 */
export async function historyHoldsStart(
  sfn: SFNClient,
  parent: string,
  child: string,
  within: TimeSpan,
): Promise<boolean> {
  let nextToken: string | undefined;
  for (let page = 0; page < maxPages; page += 1) {
    const command = new GetExecutionHistoryCommand({
      executionArn: parent,
      reverseOrder: true,
      includeExecutionData: true,
      maxResults: pageSize,
      ...(nextToken !== undefined && { nextToken }),
    });
    const { events = [], nextToken: next } = await orUnavailable(sfn.send(command), "Step Functions");
    if (events.some((event) => isWithin(event, within) && startedArn(event) === child)) return true;
    const oldest = events.at(-1)?.timestamp?.getTime();
    if (next === undefined || (oldest !== undefined && oldest < within.from)) return false;
    nextToken = next;
  }
  return false;
}

function isWithin({ timestamp }: HistoryEvent, { from, to }: TimeSpan): boolean {
  const at = timestamp?.getTime();
  return at !== undefined && at >= from && at <= to;
}

/** The execution that a Task of this event started: Step Functions itself writes these outputs. */
function startedArn(event: HistoryEvent): string | undefined {
  const details = event.taskSubmittedEventDetails ?? event.taskSucceededEventDetails;
  const isStart =
    (details?.resourceType === "states" || details?.resourceType === "aws-sdk:sfn") &&
    /^startExecution(\.|$)/.test(details.resource ?? "");
  return isStart ? executionArnIn(details.output) : undefined;
}

function executionArnIn(output: string | undefined): string | undefined {
  try {
    const { ExecutionArn } = JSON.parse(output ?? "{}") as { ExecutionArn?: unknown };
    return typeof ExecutionArn === "string" ? ExecutionArn : undefined;
  } catch {
    return undefined;
  }
}
