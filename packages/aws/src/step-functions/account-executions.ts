import {
  DescribeExecutionCommand,
  type DescribeExecutionCommandOutput,
  DescribeStateMachineCommand,
  type ExecutionListItem,
  InvalidToken,
  ListExecutionsCommand,
  ListMapRunsCommand,
} from "@aws-sdk/client-sfn";
import { ConflictError } from "@countersign/core/error/errors";
import type {
  AccountExecutions,
  ExecutionDetails,
  ExecutionPage,
  ListedExecution,
  Listing,
} from "@countersign/core/reconciler/account-executions";
import { orUnavailable } from "../sdk-error.ts";
import { answered, unlessUnknown } from "./answers.ts";
import type { StepFunctionsSource } from "./executions.ts";
import { definesMapChildren } from "./map-children.ts";
import { readMilestones } from "./milestones.ts";

/** A page that is compared entry by entry is short, so that it is done in the time of one run. */
const comparedPageSize = 100;
const pageSize = 1000;

/**
 * Asks Step Functions what has been going on. Give it a client that keeps to the quotas (`paceCalls`).
 *
 * {@link https://docs.aws.amazon.com/step-functions/latest/apireference/API_ListExecutions.html}
 */
export function createAccountExecutions({ sfn }: StepFunctionsSource): AccountExecutions {
  return {
    list: (listing, next) => list({ sfn }, listing, next),

    async details(executionArn) {
      const command = new DescribeExecutionCommand({ executionArn });
      const found = await unlessUnknown(orUnavailable(sfn.send(command), "Step Functions"));
      return found && detailsOf(found);
    },

    milestones: (executionArn) => readMilestones(sfn, executionArn),

    async hasMapChildren(stateMachineArn) {
      const command = new DescribeStateMachineCommand({ stateMachineArn });
      const { definition } = await orUnavailable(sfn.send(command), "Step Functions");
      return definesMapChildren(definition);
    },

    async mapRuns(executionArn) {
      const arns: string[] = [];
      let nextToken: string | undefined;
      do {
        const token = nextToken === undefined ? {} : { nextToken };
        const command = new ListMapRunsCommand({ executionArn, maxResults: pageSize, ...token });
        const page = await unlessUnknown(orUnavailable(sfn.send(command), "Step Functions"));
        arns.push(...(page?.mapRuns ?? []).map((run) => answered(run, "mapRunArn")));
        nextToken = page?.nextToken;
      } while (nextToken !== undefined);
      return arns;
    },
  };
}

async function list(
  { sfn }: StepFunctionsSource,
  listing: Listing,
  nextToken: string | undefined,
): Promise<ExecutionPage> {
  const command = new ListExecutionsCommand({
    ...queryOf(listing),
    ...(nextToken !== undefined && { nextToken }),
  });
  try {
    const page = await orUnavailable(sfn.send(command), "Step Functions");
    return {
      executions: (page.executions ?? []).map(listedOf),
      ...(page.nextToken !== undefined && { next: page.nextToken }),
    };
  } catch (error) {
    if (!(error instanceof InvalidToken)) throw error;
    throw new ConflictError("internal", "the token of a page of executions is not taken any more", {
      cause: error,
    });
  }
}

function queryOf(listing: Listing) {
  if ("mapRunArn" in listing) return { mapRunArn: listing.mapRunArn, maxResults: comparedPageSize };
  const { stateMachineArn, only } = listing;
  if (only === undefined) return { stateMachineArn, maxResults: comparedPageSize };
  return { stateMachineArn, statusFilter: only, maxResults: pageSize };
}

function listedOf(item: ExecutionListItem | DescribeExecutionCommandOutput): ListedExecution {
  return {
    executionArn: answered(item, "executionArn"),
    status: answered(item, "status"),
    startDate: answered(item, "startDate").getTime(),
    ...(item.stopDate && { stopDate: item.stopDate.getTime() }),
    redriveCount: item.redriveCount ?? 0,
  };
}

function detailsOf(found: DescribeExecutionCommandOutput): ExecutionDetails {
  const { stateMachineVersionArn, stateMachineAliasArn, redriveDate, input, output, error, cause } = found;
  return {
    ...listedOf(found),
    stateMachineArn: answered(found, "stateMachineArn"),
    ...(stateMachineVersionArn !== undefined && { stateMachineVersionArn }),
    ...(stateMachineAliasArn !== undefined && { stateMachineAliasArn }),
    ...(redriveDate && { redriveDate: redriveDate.getTime() }),
    input,
    output,
    error,
    cause,
  };
}
