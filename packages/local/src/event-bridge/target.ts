import type { ServiceEventEnvelope } from "./event.ts";
import { compileInputTransformer, type TransformContext } from "./input-transformer.ts";
import { compileJsonPath } from "./json-path.ts";
import type { Target } from "./target-schema.ts";

/** Where a delivery goes: the ARN and what the queue behind it needs. */
export interface DeliveryTarget {
  readonly arn: string;
  readonly messageGroupId?: string;
}

/** A target's share of an event, fixed when the event is accepted. */
export interface PlannedDelivery {
  readonly targetId: string;
  readonly target: DeliveryTarget;
  /** Absent when the target gets the event as it is. */
  readonly payload?: string;
  readonly maximumRetryAttempts: number;
  readonly maximumEventAgeInSeconds: number;
  readonly deadLetterArn?: string;
}

/** EventBridge's own retry policy: 185 retries within 24 hours. */
export const defaultRetryPolicy = { MaximumRetryAttempts: 185, MaximumEventAgeInSeconds: 86_400 };

/** Works out what a target is to receive of an event. */
export function planDelivery(
  target: Target,
  event: ServiceEventEnvelope,
  context: TransformContext,
): PlannedDelivery {
  const payload = payloadFor(target, event, context);
  const messageGroupId = target.SqsParameters?.MessageGroupId;
  const deadLetterArn = target.DeadLetterConfig?.Arn;
  const policy = target.RetryPolicy ?? {};
  return {
    targetId: target.Id,
    target: { arn: target.Arn, ...(messageGroupId === undefined ? {} : { messageGroupId }) },
    ...(payload === undefined ? {} : { payload }),
    maximumRetryAttempts: policy.MaximumRetryAttempts ?? defaultRetryPolicy.MaximumRetryAttempts,
    maximumEventAgeInSeconds: policy.MaximumEventAgeInSeconds ?? defaultRetryPolicy.MaximumEventAgeInSeconds,
    ...(deadLetterArn === undefined ? {} : { deadLetterArn }),
  };
}

function payloadFor(
  target: Target,
  event: ServiceEventEnvelope,
  context: TransformContext,
): string | undefined {
  if (target.Input !== undefined) return target.Input;
  if (target.InputPath !== undefined)
    return JSON.stringify(compileJsonPath(target.InputPath)?.(event) ?? null);
  if (target.InputTransformer)
    return compileInputTransformer(target.Id, target.InputTransformer)(event, context);
  return undefined;
}
