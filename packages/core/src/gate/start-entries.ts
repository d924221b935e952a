import { randomUUID } from "node:crypto";
import type { EntryFields } from "../entry/build-entry.ts";
import type { CountersignError } from "../error/errors.ts";
import type { ExecutionState, Grant } from "../execution/execution-state.ts";
import type { Workflow } from "../policy/workflow.ts";
import type { VerifiedToken } from "../token/verified-token.ts";

/** The fields that say who asked, as far as the token says it. */
export function callerFields(token: VerifiedToken) {
  return {
    subject: token.subject,
    clientId: token.clientId,
    ...(token.actors.length > 0 && { actors: [...token.actors] }),
    ...(Object.keys(token.claims).length > 0 && { claims: { ...token.claims } }),
  };
}

/** `execution.authorized`: the grant, and the token it was decided on. */
export function authorizedEntry(
  token: VerifiedToken,
  workflow: Workflow,
  state: ExecutionState,
  grant: Grant,
  occurredAt: number,
): EntryFields {
  return {
    action: "execution.authorized",
    outcome: "success",
    source: "gate",
    attribution: "gate",
    id: grant.grantId,
    occurredAt,
    ...callerFields(token),
    scopes: [...grant.scopes],
    ...(grant.role !== undefined && { role: grant.role }),
    identityMode: grant.identityMode,
    policyVersion: grant.policyVersion,
    workflow: workflow.name,
    executionArn: state.executionArn,
    redriveCount: state.redriveCount,
    fingerprint: token.fingerprint,
    ...(grant.expiresAt !== undefined && { expiresAt: grant.expiresAt }),
    ...(grant.fingerprint !== undefined && { detail: { grantFingerprint: grant.fingerprint } }),
  };
}

/** `execution.denied`: who was refused what, and why. */
export function deniedEntry(
  token: VerifiedToken,
  workflow: string,
  error: CountersignError,
  occurredAt: number,
): EntryFields {
  return {
    action: "execution.denied",
    outcome: "denied",
    source: "gate",
    id: randomUUID(),
    occurredAt,
    ...callerFields(token),
    scopes: token.scopes.slice(0, 128),
    ...(/^[A-Za-z0-9_-]{1,80}$/.test(workflow) && { workflow }),
    fingerprint: token.fingerprint,
    expiresAt: token.expiresAt,
    error: { name: error.name, code: error.code },
    ...(error.requiredScopes && { detail: { requiredScopes: [...error.requiredScopes] } }),
  };
}
