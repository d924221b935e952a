import { z } from "zod";
import { AwsError } from "../wire/aws-json.ts";
import { compileInputTransformer } from "./input-transformer.ts";
import { compileJsonPath } from "./json-path.ts";

/** A rule's target, as far as it is supported here. */
export const targetSchema = z.strictObject({
  Id: z.string().regex(/^[.\-_A-Za-z0-9]{1,64}$/),
  Arn: z.string().min(1).max(1600),
  Input: z.string().max(8192).optional(),
  InputPath: z.string().min(1).max(256).optional(),
  InputTransformer: z
    .strictObject({
      InputPathsMap: z.record(z.string(), z.string().max(256)).optional(),
      InputTemplate: z.string().min(1).max(8192),
    })
    .optional(),
  RetryPolicy: z
    .strictObject({
      MaximumRetryAttempts: z.int().min(0).max(185).optional(),
      MaximumEventAgeInSeconds: z.int().min(60).max(86_400).optional(),
    })
    .optional(),
  DeadLetterConfig: z.strictObject({ Arn: z.string().min(1).max(1600).optional() }).optional(),
  SqsParameters: z.strictObject({ MessageGroupId: z.string().min(1).max(128).optional() }).optional(),
});

export type Target = z.output<typeof targetSchema>;

/**
 * Checks what a schema can't: that the parts of a target fit together.
 *
 * @throws {AwsError} ValidationException naming the parameter.
 */
export function requireCoherent(target: Target): void {
  if (!/^arn:[^:]+:[^:]+:[^:]*:[^:]*:.+$/.test(target.Arn)) {
    throw invalid(`Parameter ${target.Arn} is not valid. Reason: Provided Arn is not in correct format.`);
  }
  requireOneInput(target);
  requireQueueParameters(target);
  const deadLetterArn = target.DeadLetterConfig?.Arn;
  if (deadLetterArn !== undefined && !isStandardQueue(deadLetterArn)) {
    throw invalid(`DeadLetterConfig.Arn of target ${target.Id} must be the ARN of a standard SQS queue.`);
  }
}

function requireOneInput(target: Target): void {
  const given = [target.Input, target.InputPath, target.InputTransformer].filter((one) => one !== undefined);
  if (given.length > 1) {
    throw invalid(
      `Only one of Input, InputPath, or InputTransformer must be provided for target ${target.Id}.`,
    );
  }
  if (target.Input !== undefined) requireJson(target.Id, target.Input);
  if (target.InputPath !== undefined && !compileJsonPath(target.InputPath)) {
    throw invalid(`InputPath of target ${target.Id} is not a supported JSON path: ${target.InputPath}`);
  }
  if (target.InputTransformer) compileInputTransformer(target.Id, target.InputTransformer);
}

function requireJson(targetId: string, input: string): void {
  try {
    JSON.parse(input);
  } catch {
    throw invalid(`JSON syntax error in input for target ${targetId}.`);
  }
}

function requireQueueParameters(target: Target): void {
  const isQueue = target.Arn.startsWith("arn:aws:sqs:");
  if (target.SqsParameters && !isQueue) {
    throw invalid(`Parameter(s) SqsParameters not valid for target ${target.Id}: its Arn is no SQS queue.`);
  }
  if (isQueue && target.Arn.endsWith(".fifo") && target.SqsParameters?.MessageGroupId === undefined) {
    throw invalid(`Parameter(s) SqsParameters must be specified for target: ${target.Id}.`);
  }
}

function isStandardQueue(arn: string): boolean {
  return /^arn:[^:]+:sqs:[^:]+:[^:]+:[^:]+$/.test(arn) && !arn.endsWith(".fifo");
}

function invalid(message: string): AwsError {
  return new AwsError("ValidationException", message);
}
