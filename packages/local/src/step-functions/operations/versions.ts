import { z } from "zod";
import { AwsError, type Operation, operation } from "../../wire/aws-json.ts";
import { inTransaction } from "../../wire/transaction.ts";
import { parseStateMachineArn } from "../arn.ts";
import type { VersionRow } from "../store/machines.ts";
import { type OperationContext, requireMachine, resolveMachine, versionArn } from "./context.ts";
import { wireDate } from "./parameters.ts";
import { checkName, stateMachineDeleting } from "./refusals.ts";

const description = z.string().max(256).optional();

const publishParameters = z.strictObject({
  stateMachineArn: z.string(),
  revisionId: z.string().optional(),
  description,
});

const aliasParameters = z.strictObject({
  name: z.string(),
  description,
  routingConfiguration: z
    .array(z.strictObject({ stateMachineVersionArn: z.string(), weight: z.int().min(0).max(100) }))
    .min(1)
    .max(2),
});

/** The operations on versions and aliases. */
export function versionOperations(context: OperationContext): Record<string, Operation> {
  return {
    PublishStateMachineVersion: operation(publishParameters, (input) => publish(context, input)),
    CreateStateMachineAlias: operation(aliasParameters, (input) => createAlias(context, input)),
    DescribeStateMachineAlias: operation(z.strictObject({ stateMachineAliasArn: z.string() }), (input) =>
      describeAlias(context, input.stateMachineAliasArn),
    ),
  };
}

/** Publishes the current revision, or finds the version it was published as; call it inside a transaction. */
export function publishVersion(
  { machines, clock }: OperationContext,
  machineArn: string,
  text: string | undefined,
): VersionRow {
  const machine = machines.get(machineArn);
  if (!machine) throw new Error(`state machine ${machineArn} is gone inside a transaction`);
  const published = machines.versionOfRevision(machineArn, machine.revision);
  if (published) return published;
  const version = {
    machine_arn: machineArn,
    version: machine.next_version,
    revision: machine.revision,
    description: text ?? null,
    creation_date: clock.now(),
  };
  machines.addVersion(version);
  return version;
}

function publish(context: OperationContext, input: z.output<typeof publishParameters>): object {
  return inTransaction(context.database, () => {
    const { machine, revision } = requireMachine(context, input.stateMachineArn);
    if (machine.status === "DELETING") throw stateMachineDeleting(machine.arn);
    const current = revision.revision_id ?? "INITIAL";
    if (input.revisionId !== undefined && input.revisionId !== current) {
      throw new AwsError("ConflictException", `revisionId is "${input.revisionId}", current is "${current}"`);
    }
    const version = publishVersion(context, machine.arn, input.description);
    return { stateMachineVersionArn: versionArn(version), creationDate: wireDate(version.creation_date) };
  });
}

function createAlias(context: OperationContext, input: z.output<typeof aliasParameters>): object {
  const { database, machines, clock } = context;
  const name = checkName(input.name);
  if (/^\d+$/.test(name)) throw new AwsError("InvalidName", `Invalid Name: '${name}'`);
  const [route, second] = input.routingConfiguration;
  if (second || !route) throw invalidRouting("routing to two versions is not supported here");
  if (route.weight !== 100)
    throw invalidRouting(`weight of the only version is ${route.weight}, expected 100`);
  const ref = parseStateMachineArn(route.stateMachineVersionArn);
  if (ref.version === undefined) throw invalidRouting(`'${ref.arn}' is not the ARN of a version`);
  const version = ref.version;
  return inTransaction(database, () => {
    const { machine } = resolveMachine(context, ref.arn);
    if (machine.status === "DELETING") throw stateMachineDeleting(machine.arn);
    const arn = `${machine.arn}:${name}`;
    const held = machines.alias(arn);
    const text = input.description ?? null;
    if (held && (held.version !== version || held.description !== text)) {
      throw new AwsError("ConflictException", `alias '${arn}' exists with another configuration`);
    }
    const now = held?.creation_date ?? clock.now();
    const row = { arn, machine_arn: machine.arn, name, description: text, version, creation_date: now };
    if (!held) machines.addAlias(row);
    return { stateMachineAliasArn: arn, creationDate: wireDate(now) };
  });
}

function invalidRouting(message: string): AwsError {
  return new AwsError("ValidationException", `routingConfiguration: ${message}`);
}

function describeAlias({ machines }: OperationContext, arn: string): object {
  parseStateMachineArn(arn);
  const alias = machines.alias(arn);
  if (!alias)
    throw new AwsError("ResourceNotFound", `Request references a resource that does not exist: '${arn}'`);
  const version = `${alias.machine_arn}:${alias.version}`;
  return {
    stateMachineAliasArn: arn,
    name: alias.name,
    ...(alias.description === null ? {} : { description: alias.description }),
    routingConfiguration: [{ stateMachineVersionArn: version, weight: 100 }],
    creationDate: wireDate(alias.creation_date),
    updateDate: wireDate(alias.creation_date),
  };
}
