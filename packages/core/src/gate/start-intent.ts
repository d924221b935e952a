import { randomUUID } from "node:crypto";
import type { IdentityMode } from "../entry/entry.ts";
import { entryId, entryKey } from "../entry/entry-key.ts";
import type { ExecutionState, Grant } from "../execution/execution-state.ts";
import type { StartDecision } from "../policy/decide-start.ts";
import type { Workflow } from "../policy/workflow.ts";
import type { VerifiedToken } from "../token/verified-token.ts";
import { requestHash } from "./execution-input.ts";

/** What is known of a start when its intent is written. */
export interface IntentSource {
  readonly executionArn: string;
  readonly token: VerifiedToken;
  readonly workflow: Workflow;
  readonly decision: StartDecision;
  readonly input: Record<string, unknown>;
  readonly identityMode: IdentityMode;
  /** Epoch milliseconds. */
  readonly decidedAt: number;
}

/** The state item of a start that has been decided and not yet asked for. */
export function startIntent(source: IntentSource): { state: ExecutionState; grant: Grant } {
  const { executionArn, workflow } = source;
  const grant = intendedGrant(source);
  const state: ExecutionState = {
    executionArn,
    workflow: workflow.name,
    redriveCount: 0,
    attribution: "gate",
    grants: [grant],
    open: true,
    revision: 1,
  };
  return { state, grant };
}

function intendedGrant(source: IntentSource): Grant {
  const { executionArn, token, workflow, decision, input } = source;
  const grantId = randomUUID();
  return {
    grantId,
    state: "authorizing",
    redriveCount: 0,
    decidedAt: source.decidedAt,
    subject: token.subject,
    actors: token.actors,
    clientId: token.clientId,
    scopes: decision.grantScopes,
    ...(decision.role !== undefined && { role: decision.role }),
    identityMode: source.identityMode,
    policyVersion: workflow.policyVersion,
    requestHash: requestHash(workflow.name, input),
    authorizedBy: entryId(entryKey({ action: "execution.authorized", id: grantId, executionArn })),
  };
}
