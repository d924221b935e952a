import type { Clock } from "../clock.ts";
import { RefusedError } from "../error/errors.ts";
import type { Grant } from "../execution/execution-state.ts";
import type { ExecutionDescription, ExecutionReader } from "../execution/step-functions.ts";
import type { LedgerWriter } from "../ledger/ledger.ts";
import { isInputOf } from "./execution-input.ts";

/** What runs, or ran, under a grant's execution name. */
export type Standing =
  | { readonly kind: "absent" }
  /** The execution this grant was given for. */
  | { readonly kind: "own"; readonly startDate: number; readonly status: string }
  /** One that was started around the gate under this name. */
  | { readonly kind: "foreign"; readonly description: ExecutionDescription };

/** A grant, and the execution and workflow it was given for. */
export interface GrantPlace {
  readonly executionArn: string;
  readonly workflow: string;
  readonly grant: Grant;
}

/**
 * Asks Step Functions what stands under a grant's name, and tells it by the input the gate wrote: the
 * grant's id, which nobody can know before, and the request's hash.
 *
 * @throws {UnavailableError} `store.unavailable`.
 */
export async function standingExecution(
  reader: Pick<ExecutionReader, "describe">,
  { executionArn, workflow, grant }: GrantPlace,
): Promise<Standing> {
  const description = await reader.describe(executionArn);
  if (!description) return { kind: "absent" };
  if (!isInputOf(description.input, workflow, grant)) return { kind: "foreign", description };
  return { kind: "own", startDate: description.startDate, status: description.status };
}

/** Reports an execution that took a name the gate was about to use, and gives the refusal of whoever asked. */
export async function refuseForeign(
  deps: { readonly ledger: LedgerWriter; readonly clock: Clock },
  { executionArn, workflow, grant }: GrantPlace,
  foreign: ExecutionDescription,
): Promise<RefusedError> {
  // One finding for one execution, however often its name is asked for.
  const findingId = `name_taken.${foreign.startDate}`;
  await deps.ledger.append({
    action: "finding.raised",
    outcome: "failure",
    source: "detection",
    id: findingId,
    findingId,
    occurredAt: deps.clock.now(),
    subject: grant.subject,
    clientId: grant.clientId,
    workflow,
    executionArn,
    redriveCount: grant.redriveCount,
    detail: { finding: "execution.name_taken", startedAt: foreign.startDate },
  });
  return new RefusedError(
    "execution.name_taken",
    "an execution of this name exists that no request through the gate started",
    { field: "Idempotency-Key" },
  );
}
