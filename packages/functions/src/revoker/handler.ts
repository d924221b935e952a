import { InvalidInputError } from "@countersign/core/error/errors";
import type { RevocationHint } from "@countersign/core/revoker/revocation-queue";
import { giveUpRevocation, type RevokeDeps, revokeGrant } from "@countersign/core/revoker/revoke-grant";
import { z } from "zod";
import { type DeadLetteringDeps, handleBatch } from "../queue/dead-lettering.ts";

export interface RevokerDeps
  extends RevokeDeps,
    Omit<DeadLetteringDeps, "redact" | "queue" | "maxReceives" | "onGiveUp"> {}

/** Tries of one revocation before people are told; the intent stands all the same. */
const maxReceives = 20;

const hintSchema = z.strictObject({ executionArn: z.string().startsWith("arn:"), grantId: z.uuid() });

/** Hints of grants to revoke; the intent on the execution decides. */
export function revokerHandler(deps: RevokerDeps) {
  const options = {
    ...deps,
    queue: "revocations" as const,
    maxReceives,
    redact: (body: string) => (isHint(body) ? body : undefined),
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
