import { account, region } from "../wire/account.ts";
import { AwsError } from "../wire/aws-json.ts";

/** The ARN of a function of the embedded runtime. */
export function functionArn(name: string): string {
  return `arn:aws:lambda:${region}:${account}:function:${name}`;
}

/** Lambda's refusal of a function it does not have. */
export function functionNotFound(nameOrArn: string): AwsError {
  const arn = nameOrArn.startsWith("arn:") ? nameOrArn : functionArn(nameOrArn);
  return new AwsError("ResourceNotFoundException", `Function not found: ${arn}`, 404);
}

// name | account:function:name | arn:…:function:name, each with an optional :qualifier
const reference =
  /^(?:(?:arn:aws[\w-]*:lambda:([\w-]+):)?(\d{12}):function:)?([A-Za-z0-9-_]{1,140})(?::(\$LATEST|[A-Za-z0-9-_]+))?$/;

/**
 * Reads the bare name from a function's name, partial ARN or ARN.
 *
 * @throws {AwsError} `ResourceNotFoundException` for another account, region, version or alias: there is
 *   only `$LATEST` here.
 */
export function parseFunctionName(nameOrArn: string): string {
  const [, itsRegion, itsAccount, name, qualifier] = reference.exec(nameOrArn) ?? [];
  const here = (itsRegion ?? region) === region && (itsAccount ?? account) === account;
  if (name === undefined || !here || (qualifier ?? "$LATEST") !== "$LATEST")
    throw functionNotFound(nameOrArn);
  return name;
}
