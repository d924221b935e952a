import { readFileSync } from "node:fs";
import { type StageName, stageFile } from "./stages.ts";
import type { Inputs } from "./synth/attributes.ts";
import type { Resource, Synthesized } from "./synth/synth.ts";

/** A statement of a policy, its members always lists. */
export interface Statement {
  readonly sid?: string;
  readonly effect: "Allow" | "Deny";
  readonly principal?: unknown;
  readonly actions: readonly string[];
  readonly resources: readonly string[];
  readonly condition: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>;
}

/** A stage as it would be deployed, by what people call its parts. */
export class StageUnderTest {
  readonly synthesized: Synthesized;

  private constructor(synthesized: Synthesized) {
    this.synthesized = synthesized;
  }

  static named(name: StageName): StageUnderTest {
    return new StageUnderTest(JSON.parse(readFileSync(stageFile(name), "utf8")) as Synthesized);
  }

  /** All resources of a kind, as in `aws:sqs/queue:Queue`. */
  all(type: string): Resource[] {
    return this.synthesized.resources.filter((resource) => resource.type === type);
  }

  one(type: string, name: string): Resource {
    const found = this.all(type).find((resource) => resource.name === name);
    if (found) return found;
    throw new Error(`there is no ${type} "${name}", but ${this.all(type).map((resource) => resource.name)}`);
  }

  /** Functions by the name of their entry file. */
  get functions(): Map<string, Inputs> {
    const prefix = `countersign-${this.synthesized.app["stage"]}-`;
    return new Map(
      this.all("aws:lambda/function:Function").map(({ inputs }) => [
        String(inputs["name"]).slice(prefix.length),
        inputs,
      ]),
    );
  }

  functionNamed(name: string): Inputs {
    const found = this.functions.get(name);
    if (found) return found;
    throw new Error(`there is no function "${name}", but ${[...this.functions.keys()]}`);
  }

  /** The role of a function. */
  roleOf(name: string): Resource {
    const arn = String(this.functionNamed(name)["role"]);
    const role = this.all("aws:iam/role:Role").find(({ inputs }) => arn.endsWith(`role/${inputs["name"]}`));
    if (role) return role;
    throw new Error(`function "${name}" has no role of this stage, but ${arn}`);
  }

  permissionsOf(name: string): Statement[] {
    return this.statementsOfRole(this.roleOf(name));
  }

  /** What a role may do, by its own policy and by those of this stage that are attached to it. */
  statementsOfRole(role: Resource): Statement[] {
    const attached = this.attachedTo(role).map(({ inputs }) => statementsOf(inputs["policy"]));
    return [...inlineStatements(role), ...attached.flat()];
  }

  /** @throws {Error} for a policy that is not of this stage, as AWS' own are. */
  attachedTo({ inputs }: Resource): Resource[] {
    return ((inputs["managedPolicyArns"] ?? []) as string[]).map((arn) => {
      const policy = this.all("aws:iam/policy:Policy").find((one) =>
        arn.endsWith(`policy/${one.inputs["name"]}`),
      );
      if (policy) return policy;
      throw new Error(`role ${inputs["name"]} has a policy that is not of this stage: ${arn}`);
    });
  }

  environmentOf(name: string): Record<string, string> {
    const environment = this.functionNamed(name)["environment"] as { variables: Record<string, string> };
    return environment.variables;
  }

  keyPolicy(name: string): Statement[] {
    return statementsOf(this.one("aws:kms/key:Key", name).inputs["policy"]);
  }
}

/** What a role's own policies say. */
export function inlineStatements(role: Resource): Statement[] {
  const policies = (role.inputs["inlinePolicies"] ?? []) as { policy: string }[];
  return policies.flatMap(({ policy }) => statementsOf(policy));
}

/** The statements of a policy document. */
export function statementsOf(document: unknown): Statement[] {
  const { Statement } = JSON.parse(String(document)) as { Statement: Record<string, unknown>[] };
  return Statement.map((one) => ({
    ...(one["Sid"] !== undefined && { sid: String(one["Sid"]) }),
    effect: one["Effect"] as Statement["effect"],
    ...(one["Principal"] !== undefined && { principal: one["Principal"] }),
    actions: list(one["Action"]),
    resources: list(one["Resource"]),
    condition: conditionOf(one["Condition"]),
  }));
}

function conditionOf(condition: unknown): Statement["condition"] {
  return Object.fromEntries(
    Object.entries((condition ?? {}) as Record<string, Record<string, unknown>>).map(([test, variables]) => [
      test,
      Object.fromEntries(Object.entries(variables).map(([variable, values]) => [variable, list(values)])),
    ]),
  );
}

function list(value: unknown): string[] {
  if (value === undefined) return [];
  return Array.isArray(value) ? value.map(String) : [String(value)];
}
