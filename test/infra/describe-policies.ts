import { type StageUnderTest, type Statement, statementsOf } from "./stage.ts";
import { account, region } from "./synth/place.ts";

/** All roles and keys of a stage with what they allow, in a form for people to read. */
export function describePolicies(stage: StageUnderTest): string {
  const roles = stage.all("aws:iam/role:Role").map((role) => {
    const trusted = statementsOf(role.inputs["assumeRolePolicy"]).map(
      ({ principal, condition }) => `  trusts ${text(principal)}${conditionText(condition)}`,
    );
    return [
      `role ${role.inputs["name"]}`,
      ...trusted,
      ...stage.statementsOfRole(role).map(statementText),
    ].join("\n");
  });
  const keys = stage.all("aws:kms/key:Key").map(({ name }) => {
    return [`key ${name}`, ...stage.keyPolicy(name).map(keyStatementText)].join("\n");
  });
  return `${[...roles, ...keys].join("\n\n")}\n`;
}

function statementText({ effect, actions, resources, condition }: Statement): string {
  const on = resources.map((resource) => `\n    on ${short(resource)}`).join("");
  return `  ${effect.toLowerCase()} ${actions.join(", ")}${on}${conditionText(condition)}`;
}

function keyStatementText({ sid, effect, principal, actions, condition }: Statement): string {
  return `  ${effect.toLowerCase()} ${sid}: ${text(principal)}\n    ${actions.join(", ")}${conditionText(condition)}`;
}

function conditionText(condition: Statement["condition"]): string {
  return Object.entries(condition)
    .flatMap(([test, variables]) =>
      Object.entries(variables).map(
        ([variable, values]) => `\n    if ${variable} ${test} ${values.map(short).join(" | ")}`,
      ),
    )
    .join("");
}

function text(principal: unknown): string {
  return Object.entries(principal as Record<string, unknown>)
    .map(([kind, who]) => `${kind} ${short([who].flat().join(", "))}`)
    .join(", ");
}

/** Without what all names share. */
function short(name: string): string {
  return name
    .replace(/^arn:aws:/, "")
    .replaceAll(`:${region}:${account}:`, ":")
    .replaceAll(`iam::${account}:`, "iam:");
}
