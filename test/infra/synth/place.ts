import { resolve } from "node:path";

export const root = resolve(import.meta.dirname, "../../..");
export const platform = resolve(root, ".sst/platform");

/** The account that stages are evaluated for. */
export const account = "123456789012";
export const region = "eu-west-1";
export const partition = "aws";

export function arn(service: string, rest: string, at = { region, account }): string {
  return `arn:${partition}:${service}:${at.region}:${at.account}:${rest}`;
}
