import { factProjection } from "@countersign/core/entry/build-entry";
import type { Entry } from "@countersign/core/entry/entry";
import { type Aftermath, entriesOf, grantsOf, named } from "./aftermath.ts";
import type { Stage } from "./stage.ts";

/** What is wrong at any moment, also in that of a crash: an execution runs and its record or seal is missing. */
export async function unrecordedStarts(stage: Stage): Promise<string[]> {
  const authorized = idsOf(await entriesOf(stage), "execution.authorized");
  const executions = await Promise.all(stage.starts.map(({ executionArn }) => named(stage, executionArn)));
  return executions.flatMap(({ description, grantId, sealed }) => {
    if (!description) return [];
    return [
      ...(grantId !== undefined && authorized.has(grantId) ? [] : ["an execution runs without its entry"]),
      ...(sealed === undefined ? ["an execution runs without a sealed token"] : []),
    ];
  });
}

/** What is wrong once callers, queues and the sweeper had their turn. */
export function brokenAtTheEnd(after: Aftermath): string[] {
  return [
    ...unsettledGrants(after),
    ...liveTokens(after),
    ...unfinishedStarts(after),
    ...incompleteRevocations(after),
    ...repeatedFacts(after.entries),
    ...(after.letters > 0 ? [`${after.letters} dead letters`] : []),
  ];
}

function unsettledGrants(after: Aftermath): string[] {
  const unsettled = grantsOf(after)
    .filter(({ state }) => state === "authorizing" || state === "revoking")
    .map(({ state }) => `a grant is ${state} for good`);
  const open = after.executions
    .filter(({ state, description }) => state?.open && !description)
    .map(() => "an execution that does not exist is open for good");
  return [...unsettled, ...open];
}

/** A token may live where its execution runs or has succeeded, or where its exposure is on the record. */
function liveTokens(after: Aftermath): string[] {
  const inUse = new Set(
    after.executions
      .filter(({ description }) => ["RUNNING", "SUCCEEDED"].includes(description?.status ?? ""))
      .map(({ sealed }) => sealed),
  );
  const others = after.live.filter((token) => !inUse.has(token)).length;
  const exposed = idsOf(after.entries, "token.exposure_recorded").size;
  return others > exposed ? [`${others} tokens live on, ${exposed} of them on the record`] : [];
}

/** Each start that was authorised has an execution or was abandoned, never both. */
function unfinishedStarts({ entries, executions }: Aftermath): string[] {
  const abandoned = idsOf(entries, "execution.abandoned");
  const started = new Set(executions.flatMap(({ grantId }) => (grantId === undefined ? [] : [grantId])));
  return [...idsOf(entries, "execution.authorized"), ...started].flatMap((id) => {
    if (abandoned.has(id) !== started.has(id)) return [];
    return [started.has(id) ? "an execution was abandoned that exists" : "an authorised start has no end"];
  });
}

/** Whoever takes back a token of which an entry said how long it lives knows that too, and which it is. */
function incompleteRevocations({ entries }: Aftermath): string[] {
  const authorized = new Map(entriesBy(entries, "execution.authorized"));
  return entries
    .filter(({ action, id }) => action.startsWith("token.") && authorized.has(id))
    .filter(({ id, expiresAt, fingerprint }) => {
      const known = authorized.get(id);
      return known?.expiresAt !== expiresAt || known?.detail?.["grantFingerprint"] !== fingerprint;
    })
    .map(({ action }) => `${action} does not tell the token and its expiry as they were authorised`);
}

function repeatedFacts(entries: readonly Entry[]): string[] {
  const seen = new Set<string>();
  return entries.flatMap(({ action, id, executionArn, startDate, redriveCount }) => {
    const fact = JSON.stringify([action, id ?? [startDate, redriveCount], executionArn]);
    const isRepeated = seen.has(fact);
    seen.add(fact);
    return isRepeated ? [`${action} is recorded twice`] : [];
  });
}

/**
 * What the ledger says, without what differs from case to case: names, ids and times. Starts that were abandoned
 * are left out, and refusals, of which there is one for each request.
 */
export function facts(entries: readonly Entry[]): string[] {
  const abandoned = idsOf(entries, "execution.abandoned");
  return entries
    .filter(({ id, action }) => action !== "execution.denied" && !(id !== undefined && abandoned.has(id)))
    .map((entry) => comparable(entry))
    .sort();
}

function comparable(entry: Entry): string {
  const fact = JSON.parse(factProjection(entry)) as Record<string, unknown>;
  for (const name of ["entryId", "id", "executionArn", "startDate", "occurredAt", "fingerprint"])
    delete fact[name];
  const { grantFingerprint: _, ...detail } = (fact["detail"] ?? {}) as Record<string, unknown>;
  return JSON.stringify({ ...fact, detail });
}

export function idsOf(entries: readonly Entry[], action: Entry["action"]): Set<string> {
  return new Set(entriesBy(entries, action).flatMap(([id]) => (id === undefined ? [] : [id])));
}

function entriesBy(entries: readonly Entry[], action: Entry["action"]): [string | undefined, Entry][] {
  return entries.filter((entry) => entry.action === action).map((entry) => [entry.id, entry]);
}
