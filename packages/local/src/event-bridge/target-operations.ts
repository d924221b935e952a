import { z } from "zod";
import { AwsError, type Operation, operation } from "../wire/aws-json.ts";
import { busReferenceSchema, pagingSchema } from "./bus-operations.ts";
import { cutPage } from "./page.ts";
import { requireRule, ruleNameSchema } from "./rule-operations.ts";
import type { Rule, RuleStore } from "./rule-store.ts";
import { requireCoherent, type Target, targetSchema } from "./target-schema.ts";

const reference = { Rule: ruleNameSchema, EventBusName: busReferenceSchema };

/** The targets AWS allows a rule. */
const mostTargets = 5;

/** PutTargets, ListTargetsByRule, RemoveTargets. */
export function targetOperations(rules: RuleStore): Readonly<Record<string, Operation>> {
  return {
    PutTargets: operation(
      z.strictObject({ ...reference, Targets: z.array(targetSchema).min(1).max(100) }),
      (input) => {
        putTargets(rules, requireRule(rules, input.EventBusName, input.Rule), input.Targets);
        return { FailedEntryCount: 0, FailedEntries: [] };
      },
    ),
    ListTargetsByRule: operation(z.strictObject({ ...reference, ...pagingSchema }), (input) => {
      const rule = requireRule(rules, input.EventBusName, input.Rule);
      const targets = rules.listTargets(rule.bus, rule.name);
      const page = cutPage(targets, ({ Id }) => Id, { limit: input.Limit, nextToken: input.NextToken });
      return { Targets: page.items, NextToken: page.nextToken };
    }),
    RemoveTargets: operation(
      z.strictObject({ ...reference, Ids: z.array(z.string().min(1).max(64)).min(1).max(100) }),
      (input) => {
        const rule = requireRule(rules, input.EventBusName, input.Rule);
        return removeTargets(rules, rule, input.Ids);
      },
    ),
  };
}

function putTargets(rules: RuleStore, rule: Rule, targets: readonly Target[]): void {
  for (const target of targets) requireCoherent(target);
  const ids = new Set([...rules.listTargets(rule.bus, rule.name), ...targets].map(({ Id }) => Id));
  if (ids.size > mostTargets) {
    throw new AwsError(
      "LimitExceededException",
      `The requested resource exceeds the maximum number allowed: a rule has at most ${mostTargets} targets.`,
    );
  }
  rules.putTargets(rule.bus, rule.name, targets);
}

function removeTargets(rules: RuleStore, rule: Rule, ids: readonly string[]): unknown {
  const known = new Set(rules.listTargets(rule.bus, rule.name).map(({ Id }) => Id));
  const unknown = ids.filter((id) => !known.has(id));
  rules.removeTargets(rule.bus, rule.name, ids);
  return {
    FailedEntryCount: unknown.length,
    FailedEntries: unknown.map((id) => ({
      TargetId: id,
      ErrorCode: "ResourceNotFoundException",
      ErrorMessage: `Rule ${rule.name} does not have a target with Id: ${id}.`,
    })),
  };
}
