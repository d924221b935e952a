import type { Entry } from "@countersign/client/client";
import { neutralize } from "../output/text.ts";
import { localTime } from "../output/time.ts";

/** Shown where an entry says nothing. */
export const nothing = "-";

/** A fact learned this much later than it happened is shown with both times. */
const lateMs = 60_000;

/** How the execution came about; one that nobody answers for is called what it is. */
export function attributionText({ attribution }: Entry): string {
  if (attribution === undefined) return nothing;
  return attribution === "none" ? "unattributed" : neutralize(attribution);
}

export function actionText({ action }: Entry): string {
  return neutralize(action);
}

/** The subject without its issuer. */
export function subjectText({ subject }: Entry): string {
  return subject ? neutralize(subject.sub) : nothing;
}

export function clientText({ clientId }: Entry): string {
  return clientId === undefined ? nothing : neutralize(clientId);
}

export function scopesText({ scopes }: Entry): string {
  return scopes?.length ? neutralize(scopes.join(" ")) : nothing;
}

export function workflowText({ workflow, stateMachineArn }: Entry): string {
  const name = workflow ?? stateMachineArn?.split(":").at(-1);
  return name === undefined ? nothing : neutralize(name);
}

/** The name of the execution, the last part of its ARN. */
export function executionText({ executionArn }: Entry): string {
  return executionArn === undefined ? nothing : neutralize(executionArn.split(":").at(-1) ?? executionArn);
}

/** What is particular to the entry, in brief: why it failed, what proves it, how long a token lives on. */
export function detailText(entry: Entry): string {
  const parts = [
    entry.error && (entry.error.code ?? entry.error.name),
    entry.step && `step ${entry.step}`,
    entry.role && `role ${entry.role}`,
    entry.identityMode && entry.identityMode !== "exchanged" ? entry.identityMode : undefined,
    entry.actors?.length ? `via ${entry.actors.map(({ sub }) => sub).join(" via ")}` : undefined,
    entry.approver && `approved by ${entry.approver.sub}`,
    entry.redriveCount ? `redrive ${entry.redriveCount}` : undefined,
    ...Object.entries(entry.detail ?? {}).map(([name, value]) => detailPart(name, value)),
    entry.overflow && `${entry.overflow.fields.join(" and ")} kept apart`,
    entry.recordedAt - entry.occurredAt > lateMs ? `recorded ${localTime(entry.recordedAt)}` : undefined,
  ];
  const present = parts.filter((part): part is string => part !== undefined && part !== "");
  return present.map(neutralize).join(", ") || nothing;
}

type DetailValue = NonNullable<Entry["detail"]>[string];

/** Digests and ids tell a reader nothing; they are in the JSON. */
const unread = /fingerprint|sha256|hash|digest|Id$/i;

// a map, since the names come from elsewhere and an object also has those of its prototype
const phrases: ReadonlyMap<string, (value: string) => string> = new Map([
  ["evidence", (value) => (value === "introspection" ? "proved by introspection" : `evidence ${value}`)],
  ["reason", (value) => value],
  ["requiredScopes", (value) => `needs ${value}`],
  ["isAtLeast", (value) => (value === "true" ? "at least" : "")],
  ["isFollowing", (value) => (value === "true" ? "following" : "")],
  ["isContinued", (value) => (value === "true" ? "continued" : "")],
]);

function detailPart(name: string, value: DetailValue): string | undefined {
  if (unread.test(name)) return undefined;
  if (name === "exposedUntil" && typeof value === "number") return `exposed until ${localTime(value)}`;
  if (name === "minute" && typeof value === "number") return `minute ${localTime(value).slice(0, 5)}`;
  const text = plainText(value);
  return text === undefined || text === "" ? undefined : (phrases.get(name)?.(text) ?? `${name} ${text}`);
}

function plainText(value: DetailValue): string | undefined {
  if (Array.isArray(value)) {
    return value.every((one) => typeof one !== "object") ? value.join(" ") : `(${value.length})`;
  }
  return typeof value === "object" ? undefined : String(value);
}
