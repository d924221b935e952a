import { randomUUID } from "node:crypto";
import { account, region } from "../wire/account.ts";
import type { JsonObject } from "./pattern/json.ts";

/** An event as a target receives it. */
export interface ServiceEventEnvelope extends JsonObject {
  readonly version: string;
  readonly id: string;
  readonly "detail-type": string;
  readonly source: string;
  readonly account: string;
  readonly time: string;
  readonly region: string;
  readonly resources: readonly string[];
  readonly detail: JsonObject;
}

/** An event as a service hands it in: what is absent is filled in. */
export interface ServiceEvent {
  readonly "detail-type": string;
  readonly source: string;
  readonly resources?: readonly string[];
  readonly detail: JsonObject;
  readonly time?: string;
  readonly account?: string;
  readonly region?: string;
}

/** Gives an event its envelope: version 0, a new id, and account, region and time where absent. */
export function completeEvent(event: ServiceEvent, nowMs: number): ServiceEventEnvelope {
  return {
    version: "0",
    id: randomUUID(),
    "detail-type": event["detail-type"],
    source: event.source,
    account: event.account ?? account,
    time: event.time ?? toEventTime(nowMs),
    region: event.region ?? region,
    resources: event.resources ?? [],
    detail: event.detail,
  };
}

/** The `time` of an event: UTC, to the second. */
export function toEventTime(epochMs: number): string {
  return `${new Date(epochMs).toISOString().slice(0, 19)}Z`;
}
