import { z } from "zod";
import { AwsError, type Operation, operation } from "../wire/aws-json.ts";
import { cutPage } from "./page.ts";
import { busArn, defaultBus, type EventBus, type RuleStore } from "./rule-store.ts";

const busNameSchema = z.string().regex(/^[/.\-_A-Za-z0-9]{1,256}$/);

/** A bus named by name or ARN, as operations accept it. */
export const busReferenceSchema = z.string().min(1).max(1600).optional();

/** The name of the bus a request means: the default one when it names none. */
export function busNameOf(reference: string | undefined): string {
  if (reference === undefined) return defaultBus;
  const prefix = busArn("");
  return reference.startsWith(prefix) ? reference.slice(prefix.length) : reference;
}

/**
 * Finds the bus a request means.
 *
 * @throws {AwsError} ResourceNotFoundException.
 */
export function requireBus(rules: RuleStore, reference: string | undefined): EventBus {
  const name = busNameOf(reference);
  const bus = rules.findBus(name);
  if (!bus) throw new AwsError("ResourceNotFoundException", `Event bus ${name} does not exist.`);
  return bus;
}

/** What lists take to page. */
export const pagingSchema = {
  Limit: z.int().min(1).max(100).optional(),
  NextToken: z.string().min(1).max(2048).optional(),
};

/** CreateEventBus, DescribeEventBus, ListEventBuses, DeleteEventBus. */
export function busOperations(rules: RuleStore, now: () => number): Readonly<Record<string, Operation>> {
  return {
    CreateEventBus: operation(
      z.strictObject({ Name: busNameSchema, Description: z.string().max(512).optional() }),
      (input) => createBus(rules, input.Name, input.Description, now()),
    ),
    DescribeEventBus: operation(z.strictObject({ Name: busReferenceSchema }), (input) =>
      describeBus(requireBus(rules, input.Name)),
    ),
    ListEventBuses: operation(
      z.strictObject({ NamePrefix: z.string().min(1).max(256).optional(), ...pagingSchema }),
      (input) => {
        const buses = rules.listBuses().filter(({ name }) => name.startsWith(input.NamePrefix ?? ""));
        const page = cutPage(buses, ({ name }) => name, { limit: input.Limit, nextToken: input.NextToken });
        return { EventBuses: page.items.map(describeBus), NextToken: page.nextToken };
      },
    ),
    DeleteEventBus: operation(z.strictObject({ Name: busNameSchema }), (input) =>
      deleteBus(rules, input.Name),
    ),
  };
}

function createBus(
  rules: RuleStore,
  name: string,
  description: string | undefined,
  createdAt: number,
): unknown {
  if (name.includes("/")) throw new AwsError("ValidationException", "Event bus name must not contain '/'.");
  if (rules.findBus(name)) {
    throw new AwsError("ResourceAlreadyExistsException", `Event bus ${name} already exists.`);
  }
  rules.addBus({ name, description: description ?? null, createdAt });
  return { EventBusArn: busArn(name), Description: description };
}

function deleteBus(rules: RuleStore, name: string): void {
  if (name === defaultBus) throw new AwsError("ValidationException", "Cannot delete event bus default.");
  if (rules.listRules(name).length > 0) {
    throw new AwsError("ValidationException", `Event bus ${name} can't be deleted since it has rules.`);
  }
  rules.removeBus(name);
}

function describeBus(bus: EventBus): unknown {
  return {
    Name: bus.name,
    Arn: busArn(bus.name),
    Description: bus.description ?? undefined,
    CreationTime: bus.createdAt / 1000,
    LastModifiedTime: bus.createdAt / 1000,
  };
}
