import { redrive } from "../status-event.ts";
import type { ExecutionRow } from "../store/executions.ts";
import { wireDate } from "./parameters.ts";

/** What DescribeExecution answers. */
export function describeExecution(row: ExecutionRow): object {
  const { redriveCount, redriveStatus, redriveStatusReason } = redrive(row.status);
  return {
    ...listedExecution(row),
    input: row.input,
    inputDetails: { included: true },
    ...(row.output === null ? {} : { output: row.output, outputDetails: { included: true } }),
    ...(row.error === null ? {} : { error: row.error }),
    ...(row.cause === null ? {} : { cause: row.cause }),
    redriveCount,
    redriveStatus,
    ...(redriveStatusReason === null ? {} : { redriveStatusReason }),
  };
}

/** What of an execution a list shows too. */
export function listedExecution(row: ExecutionRow): object {
  return {
    executionArn: row.arn,
    stateMachineArn: row.machine_arn,
    name: row.name,
    status: row.status,
    startDate: wireDate(row.start_date),
    ...(row.stop_date === null ? {} : { stopDate: wireDate(row.stop_date) }),
    ...(row.version_arn === null ? {} : { stateMachineVersionArn: row.version_arn }),
    ...(row.alias_arn === null ? {} : { stateMachineAliasArn: row.alias_arn }),
  };
}
