import { z } from "zod";
import { AwsError } from "../../wire/aws-json.ts";

const roleArnPattern = /^arn:aws:iam::\d{12}:role\/.+$/;

/** Parameters that may be given only as what they are here anyway: off, or AWS's own key. */
export const disabledParameters = {
  loggingConfiguration: z
    .strictObject({
      level: z.literal("OFF").optional(),
      includeExecutionData: z.literal(false).optional(),
      destinations: z.array(z.unknown()).max(0).optional(),
    })
    .optional(),
  tracingConfiguration: z.strictObject({ enabled: z.literal(false).optional() }).optional(),
  encryptionConfiguration: z.strictObject({ type: z.literal("AWS_OWNED_KEY") }).optional(),
};

/** What describing a state machine says of the features that are off. */
export const disabledFeatures = {
  loggingConfiguration: { level: "OFF", includeExecutionData: false },
  tracingConfiguration: { enabled: false },
  encryptionConfiguration: { type: "AWS_OWNED_KEY" },
};

/** `includedData`, of which only the default is done. */
export const includedData = { includedData: z.literal("ALL_DATA").optional() };

/** Tags of a new state machine. */
export const tagsParameter = z
  .array(z.strictObject({ key: z.string().min(1).max(128), value: z.string().max(256) }))
  .max(50);

/** Checks a role's ARN; nothing here assumes the role. @throws {AwsError} `InvalidArn` */
export function checkRoleArn(arn: string): string {
  if (!roleArnPattern.test(arn)) throw new AwsError("InvalidArn", `Invalid Arn: '${arn}'`);
  return arn;
}

/** Refuses EXPRESS by name. @throws {AwsError} `StateMachineTypeNotSupported` */
export function checkType(type: "STANDARD" | "EXPRESS" | undefined): void {
  if (type !== "EXPRESS") return;
  throw new AwsError("StateMachineTypeNotSupported", "state machine type EXPRESS is not supported here");
}

/** Writes epoch milliseconds as the wire has dates: epoch seconds as a number. */
export function wireDate(milliseconds: number): number {
  return milliseconds / 1000;
}
