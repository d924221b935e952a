import type { Statement } from "./stage.ts";

/** What is asked of a policy. */
export interface AccessRequest {
  readonly action: string;
  readonly resource: string;
  /** For a resource's own policy: `Service` and its name, or the ARN of a role. */
  readonly principal?: { readonly service: string } | { readonly role: string };
  /** Condition keys and their values. */
  readonly context?: Readonly<Record<string, string | readonly string[]>>;
}

/** Whether a policy allows a request: by the evaluation logic that IAM documents, for the operators used here. */
export function allows(statements: readonly Statement[], request: AccessRequest): boolean {
  const applying = statements.filter((statement) => applies(statement, request));
  return applying.some(({ effect }) => effect === "Allow") && !isDenied(statements, request);
}

/** Whether a policy denies a request outright, whatever others allow. */
export function isDenied(statements: readonly Statement[], request: AccessRequest): boolean {
  return statements.some((statement) => statement.effect === "Deny" && applies(statement, request));
}

function applies(statement: Statement, request: AccessRequest): boolean {
  return (
    statement.actions.some((pattern) => isLike(request.action, pattern)) &&
    statement.resources.some((pattern) => isLike(request.resource, pattern)) &&
    isPrincipal(statement.principal, request) &&
    Object.entries(statement.condition).every(([operator, variables]) =>
      Object.entries(variables).every(([key, wanted]) => holds(operator, valuesOf(request, key), wanted)),
    )
  );
}

function isPrincipal(principal: unknown, { principal: asking }: AccessRequest): boolean {
  if (principal === undefined || principal === "*") return true;
  const { AWS, Service } = principal as { AWS?: string; Service?: string | string[] };
  if (!asking) return false;
  if ("service" in asking) return [Service].flat().includes(asking.service);
  // The account's root stands for everybody whose own policies allow it, which is not asked here.
  return AWS === "*" || AWS === asking.role;
}

function valuesOf({ context = {}, principal }: AccessRequest, key: string): readonly string[] | undefined {
  if (key === "aws:PrincipalArn" && principal && "role" in principal) return [principal.role];
  const value = context[key];
  return value === undefined ? undefined : [value].flat();
}

function holds(operator: string, values: readonly string[] | undefined, wanted: readonly string[]): boolean {
  const [quantifier, test] = operator.includes(":") ? operator.split(":") : ["", operator];
  const one = testOf(test ?? "");
  if (quantifier === "ForAllValues") return (values ?? []).every((value) => one(value, wanted));
  if (values === undefined) return isNegative(test);
  return values.some((value) => one(value, wanted));
}

function isNegative(test: string | undefined): boolean {
  return test === "ArnNotEquals" || test === "StringNotEquals";
}

function testOf(test: string): (value: string, wanted: readonly string[]) => boolean {
  const isAny = (value: string, wanted: readonly string[]) =>
    wanted.some((pattern) => isLike(value, pattern));
  switch (test) {
    case "StringEquals":
    case "Bool":
      return (value, wanted) => wanted.includes(value);
    case "StringLike":
    case "ArnLike":
    case "ArnEquals":
      return isAny;
    case "ArnNotEquals":
      return (value, wanted) => !isAny(value, wanted);
    default:
      throw new Error(`condition operator ${test} is not known here: add it`);
  }
}

/** With `*` for any characters and `?` for one. */
function isLike(value: string, pattern: string): boolean {
  const source = pattern
    .replace(/[.+^${}()|[\]\\]/g, "\\$&")
    .replaceAll("*", ".*")
    .replaceAll("?", ".");
  return new RegExp(`^${source}$`, "s").test(value);
}
