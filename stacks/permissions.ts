import { ledgerIndexes, openIndex } from "@countersign/aws/dynamodb/tables";
import type { Workflow } from "@countersign/core/policy/workflow";
import type { Ledger } from "./ledger.ts";

/** What a function may do. */
export interface Permission {
  actions: string[];
  resources: $util.Input<string>[];
  conditions?: { test: string; variable: string; values: string[] }[];
}

interface Arn {
  readonly arn: $util.Input<string>;
}

/** Kinds of items in the state table, by the beginning of their key. */
type StateKind =
  | "EXECUTION"
  | "SEAL"
  | "RATE"
  | "USED"
  | "BLOCK"
  | "KEY"
  | "REFUSED"
  | "SUBJECT"
  | "ERASURE"
  | "RECONCILE";
type ItemAction = "GetItem" | "BatchGetItem" | "PutItem" | "UpdateItem" | "DeleteItem";

/** Puts entries; what may be read is the overflow of an entry that stands already, to compare it. */
export function appendToLedger({ entries }: Ledger): Permission[] {
  return [
    { actions: ["dynamodb:PutItem"], resources: [entries.arn] },
    { actions: ["dynamodb:BatchGetItem"], resources: [entries.arn], conditions: keysLike(["OVERFLOW#*"]) },
  ];
}

/** Reads what the ledger holds of one execution. */
export function readExecutionEntries({ entries }: Ledger): Permission[] {
  return [{ actions: ["dynamodb:Query"], resources: [entries.arn], conditions: keysLike(["EXECUTION#*"]) }];
}

/** Looks whether entries of executions stand. */
export function whatIsRecorded({ entries }: Ledger): Permission[] {
  return [
    { actions: ["dynamodb:BatchGetItem"], resources: [entries.arn], conditions: keysLike(["EXECUTION#*"]) },
  ];
}

/** Answers every question of the ledger. */
export function readLedger({ entries }: Ledger): Permission[] {
  const indexes = Object.values(ledgerIndexes).map(({ name }) => $interpolate`${entries.arn}/index/${name}`);
  return [
    { actions: ["dynamodb:BatchGetItem"], resources: [entries.arn] },
    { actions: ["dynamodb:Query"], resources: [entries.arn, ...indexes] },
  ];
}

/** Access to items of the state table, by their kind. */
export function useStates(
  { states }: Ledger,
  access: Partial<Record<StateKind, ItemAction[]>>,
): Permission[] {
  return Object.entries(access).map(([kind, actions]) => ({
    actions: actions.map((action) => `dynamodb:${action}`),
    resources: [states.arn],
    conditions: keysLike([`${kind}#*`]),
  }));
}

/** Finds what something is still to be done about. */
export function listOpen({ states }: Ledger): Permission[] {
  return [{ actions: ["dynamodb:Query"], resources: [$interpolate`${states.arn}/index/${openIndex}`] }];
}

/** Access to subjects' references, for who verifies tokens where people go by reference. */
export function useReferences(ledger: Ledger): Permission[] {
  return useStates(ledger, { SUBJECT: ["GetItem", "PutItem"], KEY: ["GetItem", "PutItem", "DeleteItem"] });
}

function keysLike(values: string[]) {
  return [{ test: "ForAllValues:StringLike", variable: "dynamodb:LeadingKeys", values }];
}

/** ARN patterns of a workflow's executions. */
export function executionsOf({ stateMachineArn }: Workflow): string[] {
  return [`${stateMachineArn.replace(":stateMachine:", ":execution:")}:*`];
}

/** ARN patterns of the executions that distributed Maps in a workflow start. */
export function mapChildrenOf({ stateMachineArn }: Workflow): string[] {
  return [`${stateMachineArn.replace(":stateMachine:", ":execution:")}/*`];
}

function mapRunsOf({ stateMachineArn }: Workflow): string[] {
  return [`${stateMachineArn.replace(":stateMachine:", ":mapRun:")}/*`];
}

/** Step Functions checks a start against the state machine, and tells version or alias in a key of its own. */
export function startExecutions(workflows: readonly Workflow[]): Permission[] {
  return workflows.map(({ startArn, stateMachineArn }) => {
    const qualifier = startArn.slice(stateMachineArn.length + 1);
    return {
      actions: ["states:StartExecution"],
      resources: [stateMachineArn],
      ...(qualifier && {
        conditions: [{ test: "StringEquals", variable: "states:StateMachineQualifier", values: [qualifier] }],
      }),
    };
  });
}

/** Looks at executions that the gate starts. */
export function describeExecutions(workflows: readonly Workflow[]): Permission[] {
  return onAny(["states:DescribeExecution"], workflows.flatMap(executionsOf));
}

/** Looks at executions, at Maps' children among them, and at where they come from. */
export function traceExecutions(workflows: readonly Workflow[], more: readonly string[] = []): Permission[] {
  const executions = workflows.flatMap((one) => [...executionsOf(one), ...mapChildrenOf(one)]);
  return [
    ...onAny(["states:DescribeExecution", "states:GetExecutionHistory", ...more], executions),
    ...onAny(["states:DescribeMapRun"], workflows.flatMap(mapRunsOf)),
  ];
}

/** Lists what there is to look at: a workflow's executions, and those of a Map run. */
export function listExecutions(workflows: readonly Workflow[]): Permission[] {
  const machines = workflows.map(({ stateMachineArn }) => stateMachineArn);
  return [
    ...onAny(["states:DescribeStateMachine"], machines),
    ...onAny(["states:ListExecutions"], [...machines, ...workflows.flatMap(mapRunsOf)]),
  ];
}

/** A statement, unless there is nothing to name in it. */
function onAny(actions: string[], resources: string[]): Permission[] {
  return resources.length > 0 ? [{ actions, resources }] : [];
}

/** Sends to queues. */
export function sendTo(...queues: Arn[]): Permission[] {
  return [{ actions: ["sqs:SendMessage"], resources: queues.map(({ arn }) => arn) }];
}

/** What a queue's event source needs of the function's role, and the function to put a message off. */
export function consume(queue: Arn): Permission[] {
  const calls = ["ReceiveMessage", "DeleteMessage", "GetQueueAttributes", "ChangeMessageVisibility"];
  return [{ actions: calls.map((call) => `sqs:${call}`), resources: [queue.arn] }];
}

/** Looks through a queue by hand and takes messages out. */
export function lookThrough(queue: Arn): Permission[] {
  const calls = ["ReceiveMessage", "DeleteMessage", "ChangeMessageVisibility"];
  return [{ actions: calls.map((call) => `sqs:${call}`), resources: [queue.arn] }];
}

/** Reads the current value of secrets. */
export function readSecrets(...arns: $util.Input<string>[]): Permission[] {
  return [{ actions: ["secretsmanager:GetSecretValue"], resources: arns }];
}
