import type { DatabaseSync } from "node:sqlite";
import { setTimeout as wait } from "node:timers/promises";
import { AwsError, type AwsJsonService } from "../wire/aws-json.ts";
import { busOperations } from "./bus-operations.ts";
import { createCourier, type Deliver, type Sleep } from "./courier.ts";
import { completeEvent, type ServiceEvent, type ServiceEventEnvelope } from "./event.ts";
import { type Journal, openJournal, type RuleDelivery } from "./journal.ts";
import { compileEventPattern, type EventPattern } from "./pattern/event-pattern.ts";
import { putEventsOperation } from "./put-events.ts";
import { ruleOperations } from "./rule-operations.ts";
import { defaultBus, openRuleStore, type Rule, type RuleStore, ruleArn } from "./rule-store.ts";
import { planDelivery } from "./target.ts";
import { targetOperations } from "./target-operations.ts";

export interface EventBridgeDeps {
  readonly database: DatabaseSync;
  readonly deliver: Deliver;
  readonly now?: () => number;
  readonly sleep?: Sleep;
  /** How far back `resume` delivers again after a crash; 15 minutes when absent. */
  readonly redeliverAfterCrashMs?: number;
}

/** EventBridge on SQLite: every accepted event reaches the targets of its rules at least once. */
export interface EventBridge {
  readonly service: AwsJsonService;
  /** Puts a service's event on the default bus; resolves once it is durable, before it is delivered. */
  publish(event: ServiceEvent): Promise<void>;
  /**
   * Goes on with what an earlier process left open. After a stop without `close`, delivers again what was
   * delivered in the window before it, because the queues behind `deliver` may have lost it.
   */
  resume(): Promise<void>;
  /** Resolves once every delivery taken up is delivered, dead-lettered or dropped, retries included. */
  idle(): Promise<void>;
  /** Ends attempts under way and records a clean stop; what is open goes on at the next `resume`. */
  close(): Promise<void>;
}

const defaultWindowMs = 15 * 60_000;
const pruneEveryMs = 60_000;

export function createEventBridge(deps: EventBridgeDeps): EventBridge {
  const {
    database,
    deliver,
    now = Date.now,
    sleep = waitFor,
    redeliverAfterCrashMs = defaultWindowMs,
  } = deps;
  const rules = openRuleStore(database, now());
  const journal = openJournal(database);
  const courier = createCourier({ journal, deliver, now, sleep });
  const plan = createPlanner(rules);
  const prune = createPruner(journal, redeliverAfterCrashMs);
  let closed = false;
  // At once and not at `resume`: what this process delivers meanwhile would move the window.
  if (!journal.wasStoppedCleanly()) journal.reopenRecent(redeliverAfterCrashMs, now());
  journal.recordRunning();

  function accept(bus: string, event: ServiceEventEnvelope): void {
    if (closed) throw new AwsError("ServiceUnavailableException", "the event bus is closed", 503);
    const deliveries = plan(bus, event, now());
    if (deliveries.length > 0) courier.take(journal.accept(event, deliveries, now()));
    prune(now());
  }

  return {
    service: {
      targetPrefix: "AWSEvents",
      jsonVersion: "1.1",
      operations: {
        ...busOperations(rules, now),
        ...ruleOperations(rules),
        ...targetOperations(rules),
        ...putEventsOperation({ rules, accept, now }),
      },
    },
    async publish(event) {
      accept(defaultBus, completeEvent(event, now()));
    },
    async resume() {
      courier.take(journal.listOpen());
    },
    idle: () => courier.idle(),
    async close() {
      if (closed) return;
      closed = true;
      await courier.close();
      journal.recordStopped();
    },
  };
}

function waitFor(ms: number, signal: AbortSignal): Promise<unknown> {
  return wait(ms, undefined, { signal });
}

type Planner = (bus: string, event: ServiceEventEnvelope, nowMs: number) => RuleDelivery[];

function createPlanner(rules: RuleStore): Planner {
  const matches = createRuleMatcher();
  return (bus, event, nowMs) => {
    const ingestionTime = new Date(nowMs).toISOString();
    return rules
      .listRules(bus)
      .filter((rule) => rule.state === "ENABLED" && matches(rule, event))
      .flatMap((rule) => {
        const context = { ruleArn: ruleArn(rule), ruleName: rule.name, ingestionTime };
        return rules
          .listTargets(bus, rule.name)
          .map((target) => ({ ...planDelivery(target, event, context), ruleArn: context.ruleArn }));
      });
  };
}

/** Keeps each rule's compiled pattern until its text changes. */
function createRuleMatcher(): (rule: Rule, event: ServiceEventEnvelope) => boolean {
  const compiled = new Map<string, { readonly text: string; readonly pattern: EventPattern }>();
  return (rule, event) => {
    const key = ruleArn(rule);
    let known = compiled.get(key);
    if (known?.text !== rule.pattern) {
      known = { text: rule.pattern, pattern: compileEventPattern(rule.pattern) };
      compiled.set(key, known);
    }
    return known.pattern.matches(event);
  };
}

function createPruner(journal: Journal, windowMs: number): (nowMs: number) => void {
  let lastPrunedAt = Number.NEGATIVE_INFINITY;
  return (nowMs) => {
    if (nowMs - lastPrunedAt < pruneEveryMs) return;
    lastPrunedAt = nowMs;
    journal.prune(nowMs - windowMs);
  };
}
