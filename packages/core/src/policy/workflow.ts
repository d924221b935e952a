import { createHash } from "node:crypto";
import { type Config, unqualified, type WorkflowConfig } from "../config/config.ts";
import { canonicalJson, type LedgerValue } from "../entry/canonical-json.ts";
import { InvalidInputError } from "../error/errors.ts";

/** A registered state machine with its policy. */
export interface Workflow extends WorkflowConfig {
  readonly name: string;
  /** What StartExecution is given: unqualified, or a version or alias. */
  readonly startArn: string;
  readonly stateMachineArn: string;
  /** Digest of the policy as it stands, recorded with every decision. */
  readonly policyVersion: string;
}

/** The registered workflows, by name and by state machine. */
export interface Workflows {
  get(name: string): Workflow | undefined;
  /** Also by the ARN of a version, an alias, or the labelled machine of a distributed Map's children. */
  byStateMachine(stateMachineArn: string): Workflow | undefined;
  all(): readonly Workflow[];
}

/**
 * Resolves state machine names to ARNs of one account and region.
 *
 * @throws {InvalidInputError} `config.invalid` when a name and an ARN turn out to be one state machine.
 */
export function registerWorkflows(config: Config, place: { account: string; region: string }): Workflows {
  const workflows = Object.entries(config.workflows).map(([name, policy]): Workflow => {
    const startArn = policy.stateMachine.startsWith("arn:")
      ? policy.stateMachine
      : `arn:aws:states:${place.region}:${place.account}:stateMachine:${policy.stateMachine}`;
    return {
      ...policy,
      name,
      startArn,
      stateMachineArn: unqualified(startArn),
      policyVersion: versionOf(policy),
    };
  });
  const byName = new Map(workflows.map((workflow) => [workflow.name, workflow]));
  const byArn = new Map(workflows.map((workflow) => [workflow.stateMachineArn, workflow]));
  for (const workflow of workflows) checkOwner(workflow, byArn.get(workflow.stateMachineArn));
  return {
    get: (name) => byName.get(name),
    byStateMachine: (arn) => byArn.get(unqualified(arn).replace(/\/[^/:]+$/, "")),
    all: () => workflows,
  };
}

/** Two workflows of one state machine would leave its events to either. */
function checkOwner(workflow: Workflow, owner: Workflow | undefined): void {
  if (owner === workflow) return;
  const field = `workflows.${workflow.name}.stateMachine`;
  throw new InvalidInputError(
    "config.invalid",
    `${field}: "${workflow.stateMachineArn}" already belongs to workflow "${owner?.name}"`,
    { field },
  );
}

function versionOf(policy: WorkflowConfig): string {
  const canonical = canonicalJson(policy as unknown as LedgerValue);
  return `p1.${createHash("sha256").update(canonical).digest("base64url").slice(0, 16)}`;
}
