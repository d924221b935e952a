import { AwsError } from "../../wire/aws-json.ts";

/** The refusal of a pattern, worded as EventBridge words it. */
export function invalidPattern(reason: string): AwsError {
  return new AwsError("InvalidEventPatternException", `Event pattern is not valid. Reason: ${reason}`);
}
