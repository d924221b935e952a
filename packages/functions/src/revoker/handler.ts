import { InvalidInputError } from "@countersign/core/error/errors";
import type { RevocationHint } from "@countersign/core/revoker/revocation-queue";
import { giveUpRevocation, type RevokeDeps, revokeGrant } from "@countersign/core/revoker/revoke-grant";
import { findTokenShapes } from "@countersign/core/token/token-shape";
import { z } from "zod";
import { type DeadLetteringDeps, handleBatch } from "../queue/dead-lettering.ts";

export interface RevokerDeps
  extends RevokeDeps,
    Omit<DeadLetteringDeps, "redact" | "queue" | "maxReceives" | "onGiveUp"> {}

/** Tries of one revocation, over an hour and a half at least, before people are told; the intent stands all the same. */
const maxReceives = 20;

const hintSchema = z.strictObject({
  executionArn: z
    .string()
    .max(512)
    .regex(/^arn:[^:]+:states:[^:]*:[^:]*:execution:.+$/)
    .refine((arn) => findTokenShapes(arn).length === 0),
  grantId: z.uuid(),
});

/** Hints of grants to revoke; the intent on the execution decides. */
export function revokerHandler(deps: RevokerDeps) {
  const options = {
    ...deps,
    queue: "revocations" as const,
    maxReceives,
    // Written anew: a member given twice would hide its first value from the check, not from the letter.
    redact: (body: string) => (isHint(body) ? JSON.stringify(parseHint(body)) : undefined),
    onGiveUp: async ({ body, messageId }: { body: string; messageId: string }, error: unknown) => {
      if (isHint(body)) await giveUpRevocation(deps, parseHint(body), error, messageId);
    },
  };
  return handleBatch(options, async ({ body }) => {
    await revokeGrant(deps, parseHint(body));
  });
}

function parseHint(body: string): RevocationHint {
  try {
    return hintSchema.parse(JSON.parse(body));
  } catch {
    throw new InvalidInputError(
      "event.malformed",
      "the message is not a revocation hint, expected executionArn and grantId",
    );
  }
}

function isHint(body: string): boolean {
  try {
    parseHint(body);
    return true;
  } catch {
    return false;
  }
}
