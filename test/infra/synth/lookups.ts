import type { Inputs } from "./attributes.ts";
import { account, arn, partition, region } from "./place.ts";

interface Statement {
  readonly sid?: string;
  readonly effect?: string;
  readonly actions?: string[];
  readonly resources?: string[];
  readonly principals?: { readonly type: string; readonly identifiers: string[] }[];
  readonly conditions?: { readonly test: string; readonly variable: string; readonly values: string[] }[];
}

/** What a program asks AWS for, and would be told. */
const answers: Record<string, (inputs: Inputs) => Inputs> = {
  "aws:iam/getPolicyDocument:getPolicyDocument": policyDocument,
  "aws:index/getRegion:getRegion": () => ({ id: region, name: region, region }),
  "aws:index/getPartition:getPartition": () => ({ id: partition, partition, dnsSuffix: "amazonaws.com" }),
  "aws:index/getCallerIdentity:getCallerIdentity": () => ({
    id: account,
    accountId: account,
    arn: arn("iam", "user/deployer", { region: "", account }),
  }),
  "aws:route53/getZone:getZone": ({ name }) => ({ id: "Z2", zoneId: "Z2", name }),
  "aws:route53/getZones:getZones": () => ({ id: "zones", ids: ["Z2"] }),
};

/** @throws {Error} naming a question that there is no answer to. */
export function lookUp(token: string, inputs: Inputs): Inputs {
  const answer = answers[token];
  if (!answer) throw new Error(`the program looks up ${token}, which has no answer here: add one`);
  return answer(inputs);
}

function policyDocument(inputs: Inputs): Inputs {
  const statements = (inputs["statements"] ?? []) as Statement[];
  const json = JSON.stringify({ Version: "2012-10-17", Statement: statements.map(asJson) });
  // Absent, not empty: by that SST decides whether a role has a policy at all.
  return { ...inputs, id: "policy", json, ...(statements.length === 0 && { statements: undefined }) };
}

function asJson({ sid, effect = "Allow", actions, resources, principals, conditions = [] }: Statement) {
  const Condition: Record<string, Record<string, string[]>> = {};
  for (const { test, variable, values } of conditions)
    Condition[test] = { ...Condition[test], [variable]: values };
  return {
    ...(sid && { Sid: sid }),
    Effect: effect,
    ...(principals && {
      Principal: Object.fromEntries(principals.map((one) => [one.type, one.identifiers])),
    }),
    ...(actions && { Action: actions }),
    ...(resources && { Resource: resources }),
    ...(conditions.length > 0 && { Condition }),
  };
}
