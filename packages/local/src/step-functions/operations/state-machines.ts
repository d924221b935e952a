import { randomUUID } from "node:crypto";
import { z } from "zod";
import { AwsError, type Operation, operation } from "../../wire/aws-json.ts";
import { inTransaction } from "../../wire/transaction.ts";
import { parseStateMachineArn, stateMachineArn } from "../arn.ts";
import { checkDefinition, definitionLimitBytes, parseDefinition } from "../definition/parse.ts";
import { type OperationContext, requireMachine, resolveMachine, versionArn } from "./context.ts";
import { cutPage, pageSize, pagingParameters, readToken } from "./paging.ts";
import {
  checkRoleArn,
  checkType,
  disabledFeatures,
  disabledParameters,
  includedData,
  tagsParameter,
  wireDate,
} from "./parameters.ts";
import { checkName, stateMachineDeleting, validationError } from "./refusals.ts";
import { publishVersion } from "./versions.ts";

const publishing = { publish: z.boolean().optional(), versionDescription: z.string().max(256).optional() };
const type = z.enum(["STANDARD", "EXPRESS"]).optional();

const createParameters = z.strictObject({
  name: z.string(),
  definition: z.string(),
  roleArn: z.string(),
  type,
  tags: tagsParameter.optional(),
  ...publishing,
  ...disabledParameters,
});

const updateParameters = z.strictObject({
  stateMachineArn: z.string(),
  definition: z.string().optional(),
  roleArn: z.string().optional(),
  ...publishing,
  ...disabledParameters,
});

const validateParameters = z.strictObject({
  definition: z.string(),
  type,
  severity: z.enum(["ERROR", "WARNING"]).optional(),
  maxResults: z.int().min(0).max(100).optional(),
});

/** The operations on state machines. */
export function stateMachineOperations(context: OperationContext): Record<string, Operation> {
  const arnOnly = z.strictObject({ stateMachineArn: z.string() });
  return {
    CreateStateMachine: operation(createParameters, (input) => create(context, input)),
    UpdateStateMachine: operation(updateParameters, (input) => update(context, input)),
    DescribeStateMachine: operation(arnOnly.extend(includedData), (input) =>
      describe(context, input.stateMachineArn),
    ),
    ListStateMachines: operation(z.strictObject(pagingParameters), (input) => list(context, input)),
    DeleteStateMachine: operation(arnOnly, (input) => remove(context, input.stateMachineArn)),
    ListTagsForResource: operation(z.strictObject({ resourceArn: z.string() }), (input) =>
      listTags(context, input.resourceArn),
    ),
    ValidateStateMachineDefinition: operation(validateParameters, validate),
  };
}

function create(context: OperationContext, input: z.output<typeof createParameters>): object {
  const { database, machines, clock } = context;
  const name = checkName(input.name);
  checkType(input.type);
  checkRoleArn(input.roleArn);
  checkDescription(input);
  readDefinition(input.definition);
  const arn = stateMachineArn(name);
  const now = clock.now();
  return inTransaction(database, () => {
    if (machines.get(arn)) return existing(context, arn, input);
    const revision = machines.addRevision({
      machine_arn: arn,
      revision_id: null,
      definition: input.definition,
      role_arn: input.roleArn,
      update_date: now,
    });
    machines.add({ arn, name, creation_date: now, revision, tags: JSON.stringify(input.tags ?? []) });
    return created(context, arn, now, input);
  });
}

/** The same creation again is no error; role and tags are not compared, as AWS documents. */
function existing(context: OperationContext, arn: string, input: z.output<typeof createParameters>): object {
  const { machine, revision } = requireMachine(context, arn);
  if (machine.status === "DELETING") throw stateMachineDeleting(arn);
  const version = context.machines.versionOfRevision(arn, machine.revision);
  const isSame =
    revision.definition === input.definition &&
    (input.publish ?? false) === (version !== undefined) &&
    (input.versionDescription ?? null) === (version?.description ?? null);
  if (!isSame) throw new AwsError("StateMachineAlreadyExists", `State Machine Already Exists: '${arn}'`);
  return {
    stateMachineArn: arn,
    creationDate: wireDate(machine.creation_date),
    ...(version ? { stateMachineVersionArn: versionArn(version) } : {}),
  };
}

function created(
  context: OperationContext,
  arn: string,
  now: number,
  input: z.output<typeof createParameters>,
): object {
  const version = input.publish && publishVersion(context, arn, input.versionDescription);
  return {
    stateMachineArn: arn,
    creationDate: wireDate(now),
    ...(version ? { stateMachineVersionArn: versionArn(version) } : {}),
  };
}

function checkDescription(input: { publish?: boolean | undefined; versionDescription?: string | undefined }) {
  if (input.versionDescription === undefined || input.publish) return;
  throw new AwsError("ValidationException", "Version description can only be set when publish is true");
}

function readDefinition(text: string): void {
  if (Buffer.byteLength(text) > definitionLimitBytes) {
    throw validationError(
      "definition",
      `Member must have length less than or equal to ${definitionLimitBytes}`,
    );
  }
  parseDefinition(text);
}

function update(context: OperationContext, input: z.output<typeof updateParameters>): object {
  const { database, machines, clock } = context;
  const { definition, roleArn } = input;
  if (definition === undefined && roleArn === undefined) {
    throw new AwsError("MissingRequiredParameter", "Either the definition or the role ARN must be specified");
  }
  if (definition !== undefined) readDefinition(definition);
  if (roleArn !== undefined) checkRoleArn(roleArn);
  checkDescription(input);
  const now = clock.now();
  return inTransaction(database, () => {
    const { machine, revision } = requireMachine(context, input.stateMachineArn);
    if (machine.status === "DELETING") throw stateMachineDeleting(machine.arn);
    const revisionId = randomUUID();
    const id = machines.addRevision({
      machine_arn: machine.arn,
      revision_id: revisionId,
      definition: definition ?? revision.definition,
      role_arn: roleArn ?? revision.role_arn,
      update_date: now,
    });
    machines.setRevision(machine.arn, id);
    const version = input.publish && publishVersion(context, machine.arn, input.versionDescription);
    return {
      updateDate: wireDate(now),
      revisionId,
      ...(version ? { stateMachineVersionArn: versionArn(version) } : {}),
    };
  });
}

function describe(context: OperationContext, arn: string): object {
  const { ref, machine, revision, version } = resolveMachine(context, arn);
  if (ref.alias !== undefined)
    throw new AwsError("InvalidArn", `Invalid Arn: '${arn}' is the ARN of an alias`);
  return {
    stateMachineArn: arn,
    name: machine.name,
    status: machine.status,
    definition: revision.definition,
    roleArn: revision.role_arn,
    type: "STANDARD",
    creationDate: wireDate(version?.creation_date ?? machine.creation_date),
    ...disabledFeatures,
    ...(revision.revision_id === null ? {} : { revisionId: revision.revision_id }),
    ...(version?.description ? { description: version.description } : {}),
  };
}

function list(
  { machines }: OperationContext,
  input: { maxResults?: number | undefined; nextToken?: string | undefined },
): object {
  const size = pageSize(input.maxResults);
  const after = readToken<string>(input.nextToken, "machines", "string") ?? "";
  const page = cutPage(machines.list(after, size + 1), size, "machines", (machine) => machine.name);
  return {
    stateMachines: page.items.map((machine) => ({
      stateMachineArn: machine.arn,
      name: machine.name,
      type: "STANDARD",
      creationDate: wireDate(machine.creation_date),
    })),
    nextToken: page.nextToken,
  };
}

/** A state machine with running executions is gone once the last of them has ended. */
function remove({ database, machines, executions }: OperationContext, arn: string): object {
  const ref = parseStateMachineArn(arn);
  if (ref.arn !== ref.machineArn) throw new AwsError("InvalidArn", `Invalid Arn: '${arn}' is qualified`);
  inTransaction(database, () => {
    if (executions.hasRunning(arn)) machines.setDeleting(arn);
    else machines.remove(arn);
  });
  return {};
}

function listTags(context: OperationContext, arn: string): object {
  const machine = context.machines.get(arn);
  if (!machine) throw new AwsError("ResourceNotFound", `Resource not found: '${arn}'`);
  return { tags: JSON.parse(machine.tags) as unknown };
}

function validate(input: z.output<typeof validateParameters>): object {
  checkType(input.type);
  const { problems } = checkDefinition(input.definition);
  const most = pageSize(input.maxResults);
  return {
    result: problems.length === 0 ? "OK" : "FAIL",
    diagnostics: problems.slice(0, most).map((problem) => ({ severity: "ERROR", ...problem })),
    truncated: problems.length > most,
  };
}
