import type { Clock } from "../clock.ts";
import type { Entry } from "../entry/entry.ts";
import type { Grant } from "../execution/execution-state.ts";
import type { LedgerReader } from "../ledger/ledger.ts";

export interface GateEntryDeps {
  readonly clock: Clock;
  readonly entries: LedgerReader;
}

/** What the gate recorded of a grant before its execution had a startDate; a consistent read. */
export async function gateEntry(
  { entries, clock }: GateEntryDeps,
  executionArn: string,
  { grantId }: Grant,
  action: Entry["action"],
): Promise<Entry | undefined> {
  const window = { from: 0, to: clock.now() + 86_400_000, limit: 100 };
  let cursor: string | undefined;
  do {
    const page = await entries.query(
      { by: "execution", executionArn },
      { ...window, ...(cursor !== undefined && { cursor }) },
    );
    const found = page.entries.find((entry) => entry.action === action && entry.id === grantId);
    if (found) return found;
    cursor = page.cursor;
  } while (cursor !== undefined);
  return undefined;
}

/**
 * The grant with its token's fingerprint and expiry: a gate that died before it could add them to the state has
 * left them in the ledger, if it came as far as that.
 */
export async function withIssuedToken(
  deps: GateEntryDeps,
  executionArn: string,
  grant: Grant,
): Promise<Grant> {
  if (grant.fingerprint !== undefined && grant.expiresAt !== undefined) return grant;
  const authorized = await gateEntry(deps, executionArn, grant, "execution.authorized");
  const fingerprint = authorized?.detail?.["grantFingerprint"];
  return {
    ...grant,
    ...(authorized?.expiresAt !== undefined && { expiresAt: authorized.expiresAt }),
    ...(typeof fingerprint === "string" && { fingerprint }),
  };
}
