import { z } from "zod";
import { type Operation, operation } from "../../wire/aws-json.ts";
import { checkExecutionArn } from "../arn.ts";
import { endExecution } from "../store/ending.ts";
import type { ExecutionFilter, ExecutionRow } from "../store/executions.ts";
import { type OperationContext, resolveMachine } from "./context.ts";
import { describeExecution, listedExecution } from "./describe-execution.ts";
import { historyParameters, readHistory } from "./history.ts";
import { cutPage, pageSize, pagingParameters, readToken } from "./paging.ts";
import { disabledFeatures, includedData, wireDate } from "./parameters.ts";
import { executionDoesNotExist } from "./refusals.ts";
import { startExecution, startParameters } from "./start-execution.ts";

const stopParameters = z.strictObject({
  executionArn: z.string(),
  error: z.string().max(256).optional(),
  cause: z.string().max(32_768).optional(),
});

const listParameters = z.strictObject({
  stateMachineArn: z.string(),
  statusFilter: z
    .enum(["RUNNING", "SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED", "PENDING_REDRIVE"])
    .optional(),
  ...pagingParameters,
});

/** The operations on executions. */
export function executionOperations(context: OperationContext): Record<string, Operation> {
  const describing = z.strictObject({ executionArn: z.string(), ...includedData });
  return {
    StartExecution: operation(startParameters, (input) => startExecution(context, input)),
    DescribeExecution: operation(describing, (input) =>
      describeExecution(requireExecution(context, input.executionArn)),
    ),
    DescribeStateMachineForExecution: operation(describing, (input) =>
      describeMachine(context, input.executionArn),
    ),
    ListExecutions: operation(listParameters, (input) => list(context, input)),
    StopExecution: operation(stopParameters, (input) => stop(context, input)),
    GetExecutionHistory: operation(historyParameters, (input) =>
      readHistory(context, requireExecution(context, input.executionArn), input),
    ),
  };
}

function requireExecution({ executions }: OperationContext, arn: string): ExecutionRow {
  const execution = executions.get(checkExecutionArn(arn));
  if (!execution) throw executionDoesNotExist(arn);
  return execution;
}

function describeMachine(context: OperationContext, arn: string): object {
  const row = requireExecution(context, arn);
  const revision = context.machines.revision(row.revision);
  return {
    stateMachineArn: row.machine_arn,
    name: row.machine_arn.split(":")[6],
    definition: revision.definition,
    roleArn: revision.role_arn,
    updateDate: wireDate(revision.update_date),
    ...disabledFeatures,
    ...(revision.revision_id === null ? {} : { revisionId: revision.revision_id }),
  };
}

function list(context: OperationContext, input: z.output<typeof listParameters>): object {
  const { ref, machine } = resolveMachine(context, input.stateMachineArn);
  const size = pageSize(input.maxResults);
  const question = `executions ${ref.arn} ${input.statusFilter ?? ""}`;
  const before = readToken<number>(input.nextToken, question, "number");
  const filter: ExecutionFilter = {
    machineArn: machine.arn,
    limit: size + 1,
    ...(ref.version === undefined ? {} : { versionArn: ref.arn }),
    ...(ref.alias === undefined ? {} : { aliasArn: ref.arn }),
    ...(input.statusFilter === undefined ? {} : { status: input.statusFilter }),
    ...(before === undefined ? {} : { before }),
  };
  const page = cutPage(context.executions.list(filter), size, question, (row) => row.id);
  return {
    executions: page.items.map((row) => ({ ...listedExecution(row), redriveCount: 0 })),
    nextToken: page.nextToken,
  };
}

function stop(context: OperationContext, input: z.output<typeof stopParameters>): object {
  const row = requireExecution(context, input.executionArn);
  const { error = null, cause = null } = input;
  const stopDate = context.clock.now();
  const details = { ...(error === null ? {} : { error }), ...(cause === null ? {} : { cause }) };
  const isStopped = endExecution(context, row.id, {
    end: { status: "ABORTED", stopDate, output: null, error, cause },
    lastEvent: { type: "ExecutionAborted", details, previous: 0 },
    pending: [],
  });
  return { stopDate: wireDate(isStopped ? stopDate : (row.stop_date ?? stopDate)) };
}
