import type { Workflow } from "@countersign/core/policy/workflow";
import type { Permission } from "./permissions.ts";
import { named, roleName, type Stage } from "./stage.ts";

/** What a function may do with workflows, told for any of them. */
export type WorkflowAccess = (workflows: readonly Workflow[]) => Permission[];

/** Leaves room for the rest in a role's own policy, of which IAM takes 10,240 characters, and fits a managed one. */
const maxPartLength = 5_500;
/** What IAM attaches to a role. */
const maxAttached = 10;

/**
 * Divides access to workflows into as few policies as IAM takes: the first part is for the role's own policy, the
 * others are managed policies of this stage.
 *
 * @throws {Error} when there are more workflows than a role can be told of.
 */
export function divideAccess(
  name: string,
  workflows: readonly Workflow[],
  access: WorkflowAccess,
): { readonly own: Permission[]; readonly attached: Permission[][] } {
  const groups: Workflow[][] = [];
  for (const workflow of workflows) {
    const last = groups.at(-1);
    if (last && lengthOf(access([...last, workflow])) <= maxPartLength) last.push(workflow);
    else groups.push([workflow]);
  }
  const [own = [], ...attached] = groups.map(access);
  if (attached.length <= maxAttached) return { own, attached };
  throw new Error(
    `"${name}" would need ${attached.length} policies beside its own, IAM attaches ${maxAttached}: register fewer workflows in this stage`,
  );
}

/** Makes the managed policies of a function's role; returns their ARNs. */
export function attachedPolicies(stage: Stage, name: string, logicalName: string, parts: Permission[][]) {
  return parts.map(
    (permissions, index) =>
      new aws.iam.Policy(`${logicalName}Workflows${index + 1}`, {
        name: roleName(stage, `${name}-${index + 1}`),
        description: `Workflows of ${named(stage, name)}, continued`,
        policy: JSON.stringify({ Version: "2012-10-17", Statement: permissions.map(statementOf) }),
      }).arn,
  );
}

function lengthOf(permissions: readonly Permission[]): number {
  return JSON.stringify(permissions.map(statementOf)).length;
}

function statementOf({ actions, resources, conditions = [] }: Permission) {
  const Condition = Object.fromEntries(
    conditions.map(({ test, variable, values }) => [test, { [variable]: values }]),
  );
  return {
    Effect: "Allow",
    Action: actions,
    Resource: resources,
    ...(conditions.length > 0 && { Condition }),
  };
}
