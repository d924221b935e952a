import { AwsError } from "../wire/aws-json.ts";

/** There is no such secret, version or label. */
export function notFound(message = "Secrets Manager can't find the specified secret."): AwsError {
  return new AwsError("ResourceNotFoundException", message);
}

/** The secret's state forbids the request. */
export function invalidRequest(message: string): AwsError {
  return new AwsError("InvalidRequestException", message);
}

/** A parameter's value can't be right. */
export function invalidParameter(message: string): AwsError {
  return new AwsError("InvalidParameterException", message);
}

/** The name or version id is taken. */
export function alreadyExists(message: string): AwsError {
  return new AwsError("ResourceExistsException", message);
}

/** More versions, labels or tags than AWS allows. */
export function limitExceeded(message: string): AwsError {
  return new AwsError("LimitExceededException", message);
}
