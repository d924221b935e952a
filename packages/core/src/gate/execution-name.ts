import { createHmac } from "node:crypto";
import type { Subject } from "../entry/entry.ts";

/** Who asks to start what, under which key. */
export interface NameSource {
  readonly subject: Subject;
  readonly clientId: string;
  readonly workflow: string;
  readonly idempotencyKey: string;
}

/**
 * The execution's name: an HMAC over caller and key, so that one caller's key can neither meet nor
 * pre-empt another's.
 */
export function executionName(source: NameSource, gateKey: Uint8Array): string {
  const { subject, clientId, workflow, idempotencyKey } = source;
  const text = JSON.stringify([subject.iss, subject.sub, clientId, workflow, idempotencyKey]);
  return `cs-${createHmac("sha256", gateKey).update(`execution-name\n${text}`).digest("base64url")}`;
}
