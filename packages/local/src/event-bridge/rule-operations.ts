import { z } from "zod";
import { AwsError, type Operation, operation } from "../wire/aws-json.ts";
import { busReferenceSchema, pagingSchema, requireBus } from "./bus-operations.ts";
import { cutPage } from "./page.ts";
import { compileEventPattern } from "./pattern/event-pattern.ts";
import { isObject, type Json, type JsonObject } from "./pattern/json.ts";
import { type Rule, type RuleState, type RuleStore, ruleArn } from "./rule-store.ts";

/** A rule's name, as operations accept it. */
export const ruleNameSchema = z.string().regex(/^[.\-_A-Za-z0-9]{1,64}$/);

const patternSchema = z.string().max(4096);
const ruleReference = z.strictObject({ Name: ruleNameSchema, EventBusName: busReferenceSchema });

const putRuleSchema = z.strictObject({
  Name: ruleNameSchema,
  EventPattern: patternSchema.optional(),
  State: z.enum(["ENABLED", "DISABLED"]).optional(),
  Description: z.string().max(512).optional(),
  EventBusName: busReferenceSchema,
});

/**
 * Finds the rule a request means.
 *
 * @throws {AwsError} ResourceNotFoundException.
 */
export function requireRule(rules: RuleStore, busReference: string | undefined, name: string): Rule {
  const bus = requireBus(rules, busReference);
  const rule = rules.findRule(bus.name, name);
  if (rule) return rule;
  throw new AwsError("ResourceNotFoundException", `Rule ${name} does not exist on EventBus ${bus.name}.`);
}

/** PutRule, DescribeRule, ListRules, EnableRule, DisableRule, DeleteRule, TestEventPattern. */
export function ruleOperations(rules: RuleStore): Readonly<Record<string, Operation>> {
  return {
    PutRule: operation(putRuleSchema, (input) => putRule(rules, input)),
    DescribeRule: operation(ruleReference, (input) =>
      describeRule(requireRule(rules, input.EventBusName, input.Name)),
    ),
    ListRules: operation(
      z.strictObject({
        NamePrefix: ruleNameSchema.optional(),
        EventBusName: busReferenceSchema,
        ...pagingSchema,
      }),
      (input) => {
        const bus = requireBus(rules, input.EventBusName);
        const found = rules.listRules(bus.name).filter(({ name }) => name.startsWith(input.NamePrefix ?? ""));
        const page = cutPage(found, ({ name }) => name, { limit: input.Limit, nextToken: input.NextToken });
        return { Rules: page.items.map(describeRule), NextToken: page.nextToken };
      },
    ),
    EnableRule: operation(ruleReference, (input) => setState(rules, input, "ENABLED")),
    DisableRule: operation(ruleReference, (input) => setState(rules, input, "DISABLED")),
    DeleteRule: operation(ruleReference, (input) => deleteRule(rules, input)),
    TestEventPattern: operation(
      z.strictObject({ EventPattern: patternSchema, Event: z.string() }),
      ({ EventPattern, Event }) => ({ Result: compileEventPattern(EventPattern).matches(parseEvent(Event)) }),
    ),
  };
}

function putRule(rules: RuleStore, input: z.output<typeof putRuleSchema>): unknown {
  const bus = requireBus(rules, input.EventBusName);
  if (input.EventPattern === undefined) {
    throw new AwsError(
      "ValidationException",
      "Parameter(s) EventPattern must be specified (ScheduleExpression is not supported here).",
    );
  }
  compileEventPattern(input.EventPattern);
  const rule = {
    bus: bus.name,
    name: input.Name,
    pattern: input.EventPattern,
    state: input.State ?? "ENABLED",
    description: input.Description ?? null,
  };
  rules.putRule(rule);
  return { RuleArn: ruleArn(rule) };
}

interface RuleReference {
  readonly Name: string;
  readonly EventBusName?: string | undefined;
}

function setState(rules: RuleStore, reference: RuleReference, state: RuleState): void {
  const rule = requireRule(rules, reference.EventBusName, reference.Name);
  rules.setState(rule.bus, rule.name, state);
}

/** Deleting a rule that isn't there succeeds, as on AWS. */
function deleteRule(rules: RuleStore, reference: RuleReference): void {
  const bus = requireBus(rules, reference.EventBusName);
  if (rules.listTargets(bus.name, reference.Name).length > 0) {
    throw new AwsError("ValidationException", "Rule can't be deleted since it has targets.");
  }
  rules.removeRule(bus.name, reference.Name);
}

function describeRule(rule: Rule): unknown {
  return {
    Name: rule.name,
    Arn: ruleArn(rule),
    EventPattern: rule.pattern,
    State: rule.state,
    Description: rule.description ?? undefined,
    EventBusName: rule.bus,
  };
}

const mandatoryFields = ["id", "detail-type", "source", "account", "time", "region"];

function parseEvent(text: string): JsonObject {
  let event: Json;
  try {
    event = JSON.parse(text) as Json;
  } catch {
    throw invalidEvent();
  }
  if (!isObject(event)) throw invalidEvent();
  const missing = mandatoryFields.filter((field) => !Object.hasOwn(event, field));
  if (missing.length > 0) throw invalidEvent(` Reason: ${missing.join(", ")} missing.`);
  return event;
}

function invalidEvent(reason = ""): AwsError {
  return new AwsError("ValidationException", `Parameter Event is not valid.${reason}`);
}
