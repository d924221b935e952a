import { createHash } from "node:crypto";
import { z } from "zod";
import { claimedParentOf, grantIdOf, isExecutionArn } from "../execution/step-functions.ts";
import { findTokenShapes, type TokenShape, tokenShapeKinds } from "../token/token-shape.ts";

/** Hash and size of a payload that is never kept. */
export interface PayloadDigest {
  /** SHA-256 of the UTF-8 bytes, base64url. */
  readonly sha256: string;
  readonly bytes: number;
}

/** What is known of an event's payloads once they are dropped. */
export interface PayloadFacts {
  readonly input?: PayloadDigest;
  readonly output?: PayloadDigest;
  /** The execution that the input names as the one that started this one: a claim, which anyone can make. */
  readonly claimedParent?: string;
  /** The grant that the input names, as the gate writes it into the executions it starts. */
  readonly grantId?: string;
  readonly tokenShapes: readonly TokenShape[];
}

/** The payloads of a status event, as far as it has them. */
export interface Payloads {
  readonly input?: string | null | undefined;
  readonly output?: string | null | undefined;
  readonly cause?: string | null | undefined;
  readonly error?: string | null | undefined;
}

/** Scans and digests the payloads of an event. */
export function payloadFactsOf({ input, output, cause, error }: Payloads): PayloadFacts {
  const claimedParent = claimedParentOf(input);
  const grantId = grantIdOf(input);
  return {
    ...(typeof input === "string" && { input: digestPayload(input) }),
    ...(typeof output === "string" && { output: digestPayload(output) }),
    ...(claimedParent !== undefined && { claimedParent }),
    ...(grantId !== undefined && { grantId }),
    tokenShapes: scan({ input, output, cause, error }),
  };
}

/** The member of a redacted event that holds what its payloads told. */
export const keptFactsMember = "countersign";

const digestSchema = z.strictObject({
  sha256: z.string().regex(/^[A-Za-z0-9_-]{43}$/),
  bytes: z.int().min(0),
});
const factsSchema = z.strictObject({
  input: digestSchema.optional(),
  output: digestSchema.optional(),
  claimedParent: z.string().refine(isExecutionArn).optional(),
  // A grant's id and nothing else that someone may have written in its place.
  grantId: z.uuid().optional(),
  tokenShapes: z.array(z.strictObject({ path: z.string().max(300), kind: z.enum(tokenShapeKinds) })).max(80),
});

/** The facts in a form that may be kept: what is none of ours in them is left out. */
export function keepableFacts(facts: PayloadFacts): PayloadFacts {
  const { claimedParent, grantId, ...rest } = facts;
  return {
    ...rest,
    ...(claimedParent !== undefined && findTokenShapes(claimedParent).length === 0 && { claimedParent }),
    ...(factsSchema.shape.grantId.safeParse(grantId).data && { grantId: grantId ?? "" }),
  };
}

/** The facts a redacted event was kept with; undefined for an event that has its payloads, or none of ours. */
export function keptFacts(
  event: Readonly<Record<string, unknown>>,
  { input, output, cause }: { readonly [name in keyof Payloads]?: unknown },
): PayloadFacts | undefined {
  if ([input, output, cause].some((payload) => payload !== null && payload !== undefined)) return undefined;
  const parsed = factsSchema.safeParse(event[keptFactsMember]);
  return parsed.success ? (parsed.data as PayloadFacts) : undefined;
}

/** Hash and size of a payload. */
export function digestPayload(payload: string): PayloadDigest {
  const bytes = Buffer.from(payload, "utf8");
  return { sha256: createHash("sha256").update(bytes).digest("base64url"), bytes: bytes.length };
}

/** The error's name, of bounded length; one that is token-shaped is not repeated. */
export function errorName(error: string): string {
  return findTokenShapes(error).length > 0 ? "Countersign.ErrorNameHeldToken" : error.slice(0, 256);
}

function scan(payloads: Payloads): TokenShape[] {
  return Object.entries(payloads).flatMap(([name, payload]) =>
    findTokenShapes(payload ?? "").map((shape) => ({ ...shape, path: `${name}${shape.path.slice(1)}` })),
  );
}
