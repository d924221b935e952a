import { createHash, randomBytes, randomUUID } from "node:crypto";
import type { EntryFields } from "@countersign/core/entry/build-entry";
import { entryId, entryKey } from "@countersign/core/entry/entry-key";
import type { ExecutionState, Grant } from "@countersign/core/execution/execution-state";

/** An execution ARN of the length the gate makes them. */
export function sampleExecutionArn(name = `cs-${randomBytes(32).toString("base64url")}`): string {
  return `arn:aws:states:eu-central-1:123456789012:execution:payout-production:${name}`;
}

export const sampleSubject = {
  iss: "https://login.example.com/realms/payments",
  sub: "f3b0c442-98fc-4c14-9afb-f4c8996fb924",
};

const caller = {
  subject: sampleSubject,
  clientId: "payments-backend",
  scopes: ["payments:write"],
  role: "app",
};

const decision = { identityMode: "exchanged" as const, policyVersion: "p1.Zm9vYmFyYmF6cXV4" };

export function sampleGrant(executionArn: string, state: Grant["state"] = "authorizing"): Grant {
  const grantId = randomUUID();
  const grant: Grant = {
    ...caller,
    ...decision,
    grantId,
    state,
    redriveCount: 0,
    decidedAt: 1_769_999_999_750,
    actors: [],
    requestHash: digest("request"),
    authorizedBy: entryId(entryKey({ action: "execution.authorized", id: grantId, executionArn })),
  };
  if (state === "authorizing") return grant;
  return {
    ...grant,
    startDate: 1_770_000_000_000,
    expiresAt: 1_770_003_600_000,
    fingerprint: fingerprint("grant"),
  };
}

export function sampleState(executionArn: string, changes: Partial<ExecutionState> = {}): ExecutionState {
  return {
    executionArn,
    workflow: "payout",
    redriveCount: 0,
    attribution: "gate",
    grants: [sampleGrant(executionArn)],
    open: true,
    revision: 1,
    ...changes,
  };
}

/** What the gate writes for a start it allows. */
export function authorizedFields(executionArn: string, changes: Partial<EntryFields> = {}): EntryFields {
  return {
    action: "execution.authorized",
    outcome: "success",
    source: "gate",
    attribution: "gate",
    id: randomUUID(),
    occurredAt: 1_770_000_000_000,
    ...caller,
    ...decision,
    workflow: "payout",
    executionArn,
    redriveCount: 0,
    fingerprint: fingerprint("inbound"),
    expiresAt: 1_770_003_600_000,
    detail: { grantFingerprint: fingerprint("grant") },
    ...changes,
  };
}

/** What the recorder writes for a RUNNING or SUCCEEDED event of a gated execution. */
export function statusFields(
  executionArn: string,
  action: "execution.started" | "execution.succeeded",
  changes: Partial<EntryFields> = {},
): EntryFields {
  const payload = { sha256: digest(action), bytes: 2048 };
  return {
    action,
    outcome: "success",
    source: "event",
    attribution: "gate",
    occurredAt: 1_770_000_000_000,
    ...caller,
    workflow: "payout",
    executionArn,
    startDate: 1_770_000_000_000,
    redriveCount: 0,
    causedBy: digest("authorized"),
    detail: action === "execution.started" ? { input: payload } : { output: payload },
    ...changes,
  };
}

function fingerprint(of: string): string {
  return `v1.k3yA1d.${digest(of)}`;
}

function digest(of: string): string {
  return createHash("sha256").update(of).digest("base64url");
}
