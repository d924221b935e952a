import type { Execution, Grant } from "@countersign/client/client";
import { fieldLines } from "../output/fields.ts";
import type { Paint } from "../output/terminal.ts";
import { localDateTime } from "../output/time.ts";

const colours = new Map<string, "green" | "red" | "yellow" | "cyan">([
  ["SUCCEEDED", "green"],
  ["FAILED", "red"],
  ["TIMED_OUT", "red"],
  ["ABORTED", "yellow"],
  ["RUNNING", "cyan"],
]);

/** Status of an execution and who it runs for, a line each. */
export function executionText(execution: Execution, paint: Paint): string {
  const { status, stopDate, grant, attribution } = execution;
  const lines = fieldLines({
    status,
    error: execution.error,
    workflow: execution.workflow,
    execution: execution.executionArn,
    started: localDateTime(execution.startDate),
    stopped: stopDate === undefined ? undefined : localDateTime(stopDate),
    redrives: execution.redriveCount > 0 ? String(execution.redriveCount) : undefined,
    attribution: attribution === "none" ? "unattributed" : attribution,
    ...(grant && { grant: grant.state, ...grantFields(grant) }),
  });
  const colour = colours.get(status);
  // the status is the first line's value
  return colour ? lines.replace(status, paint(colour, status)) : lines;
}

/** What the gate granted, as names and values. */
export function grantFields(grant: Grant): Readonly<Record<string, string | undefined>> {
  return {
    subject: `${grant.subject.sub} at ${grant.subject.iss}`,
    client: grant.clientId,
    scopes: grant.scopes.join(" "),
    role: grant.role,
    identity: grant.identityMode,
    expires: grant.expiresAt === undefined ? undefined : localDateTime(grant.expiresAt),
  };
}
