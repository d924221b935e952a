import { ExecutionDoesNotExist, InvalidArn } from "@aws-sdk/client-sfn";

/** A member that Step Functions always answers, and the SDK types as optional. */
export function answered<T, K extends keyof T>(answer: T, member: K): NonNullable<T[K]> {
  const value = answer[member];
  if (value === undefined || value === null) {
    throw new TypeError(`Step Functions answered without ${String(member)}`);
  }
  return value;
}

/** Undefined where Step Functions knows no such execution. */
export async function unlessUnknown<T>(call: Promise<T>): Promise<T | undefined> {
  try {
    return await call;
  } catch (error) {
    // An ARN that an input claims may be well-formed and still be none to Step Functions.
    if (error instanceof ExecutionDoesNotExist || error instanceof InvalidArn) return undefined;
    throw error;
  }
}
