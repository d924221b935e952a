import { z } from "zod";
import { detailsField, historyLimit } from "../interpreter/history-event.ts";
import type { JsonObject } from "../json.ts";
import type { ExecutionRow, HistoryRow } from "../store/executions.ts";
import type { OperationContext } from "./context.ts";
import { cutPage, pageSize, pagingParameters, readToken } from "./paging.ts";
import { wireDate } from "./parameters.ts";

/** The parameters of GetExecutionHistory. */
export const historyParameters = z.strictObject({
  executionArn: z.string(),
  reverseOrder: z.boolean().optional(),
  includeExecutionData: z.boolean().optional(),
  ...pagingParameters,
});

/** The details that carry what flows through the execution, left out on request. */
const dataFields = [
  ...["input", "inputDetails", "output", "outputDetails"],
  ...["parameters", "assignedVariables", "assignedVariablesDetails"],
];

/** Reads one page of an execution's history. */
export function readHistory(
  { executions }: OperationContext,
  execution: ExecutionRow,
  input: z.output<typeof historyParameters>,
): object {
  const size = pageSize(input.maxResults);
  const question = `history ${execution.id} ${input.reverseOrder ?? false}`;
  const edge = readToken<number>(input.nextToken, question, "number");
  const rows = input.reverseOrder
    ? executions.historyBefore(execution.id, edge ?? historyLimit + 1, size + 1)
    : executions.historyAfter(execution.id, edge ?? 0, size + 1);
  const page = cutPage(rows, size, question, (row) => row.id);
  const withData = input.includeExecutionData ?? true;
  return { events: page.items.map((row) => wireEvent(row, withData)), nextToken: page.nextToken };
}

function wireEvent(row: HistoryRow, withData: boolean): object {
  const { id, previous, type, details } = row;
  const event = { timestamp: wireDate(row.timestamp), type, id, previousEventId: previous };
  if (details === null) return event;
  return { ...event, [detailsField(type)]: withData ? details : withoutData(details) };
}

function withoutData(details: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(details).filter(([key]) => !dataFields.includes(key)));
}
