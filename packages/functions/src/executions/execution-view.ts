import { type ExecutionState, type Grant, grantOf } from "@countersign/core/execution/execution-state";
import type { ExecutionDescription } from "@countersign/core/execution/step-functions";

/** A grant as the API shows it. */
export function grantView(grant: Grant) {
  return {
    id: grant.grantId,
    state: grant.state,
    subject: grant.subject,
    clientId: grant.clientId,
    scopes: grant.scopes,
    ...(grant.role !== undefined && { role: grant.role }),
    identityMode: grant.identityMode,
    ...(grant.expiresAt !== undefined && { expiresAt: grant.expiresAt }),
  };
}

/** An execution as the API shows it: what Step Functions says, and what Countersign knows. */
export function executionView(described: ExecutionDescription, state: ExecutionState, workflow: string) {
  const grant = grantOf(state, described);
  return {
    executionArn: described.executionArn,
    workflow,
    status: described.status,
    startDate: described.startDate,
    ...(described.stopDate !== undefined && { stopDate: described.stopDate }),
    redriveCount: described.redriveCount,
    ...(described.error !== undefined && { error: described.error }),
    attribution: state.attribution,
    ...(grant && { grant: grantView(grant) }),
  };
}
