import { z } from "zod";
import { entryActions } from "./actions.ts";

const text = (max: number) => z.string().min(1).max(max);
const digest = z.string().regex(/^[A-Za-z0-9_-]{43}$/, "a SHA-256 in base64url without padding");
const epochMillis = z
  .int()
  .min(0)
  .max(Number.MAX_SAFE_INTEGER)
  .meta({ description: "milliseconds since 1970" });
const count = z.int().min(0).max(Number.MAX_SAFE_INTEGER);

/** Who a token speaks for; both parts, since `sub` alone is unique only within its issuer (RFC 7519 §4.1.2). */
export const subjectSchema = z.strictObject({ iss: text(2048), sub: text(1024) });
export type Subject = z.infer<typeof subjectSchema>;

/** One link of the `act` chain, outermost first (RFC 8693 §4.1). */
export const actorSchema = z.strictObject({ iss: text(2048).optional(), sub: text(1024) });
export type Actor = z.infer<typeof actorSchema>;

/** How the identity that acts was come by at the provider. */
export const identityModes = ["exchanged", "client_credentials", "refreshed", "inbound_only"] as const;
export type IdentityMode = (typeof identityModes)[number];

/** How an execution came about: through the gate, as a child of one that did, by a listed starter, or not at all. */
export const attributions = ["gate", "child", "trusted_starter", "none"] as const;
export type Attribution = (typeof attributions)[number];

/** Where a fact was learned. */
export const sources = [
  "gate",
  "event",
  "reconcile",
  "history",
  "cloudtrail",
  "revoker",
  "rotation",
  "detection",
  "api",
] as const;
export type Source = (typeof sources)[number];

const claimValue = z.union([z.string().max(512), z.int(), z.boolean(), z.array(z.string().max(512)).max(32)]);

const scalar = z.union([z.string().max(4096), z.int(), z.boolean(), z.null()]);
const scalars = z.record(z.string().max(64), scalar);
const detailValue = z.union([scalar, scalars, z.array(z.union([scalar, scalars])).max(256)]);

/**
 * One immutable record of the ledger, version 1.
 *
 * Its canonical JSON bytes are what is stored, hashed and proven. Fields that do not apply are absent.
 */
export const entrySchema = z
  .strictObject({
    schema: z.literal("countersign.entry.v1"),
    entryId: digest.meta({ description: "SHA-256 of the fact this entry records" }),
    occurredAt: epochMillis,
    recordedAt: epochMillis,
    action: z.enum(entryActions),
    id: text(128)
      .optional()
      .meta({ description: "the action's own id: grant, revocation, finding, history event" }),
    outcome: z.enum(["success", "failure", "denied", "unknown"]),
    source: z.enum(sources),
    attribution: z.enum(attributions).optional(),
    subject: subjectSchema.optional(),
    actors: z.array(actorSchema).max(16).optional(),
    clientId: text(1024).optional(),
    scopes: z.array(text(256)).max(128).optional(),
    role: text(128).optional(),
    identityMode: z.enum(identityModes).optional(),
    approver: subjectSchema.optional(),
    policyVersion: text(64).optional(),
    workflow: text(80).optional(),
    executionArn: text(512).optional(),
    startDate: epochMillis.optional(),
    redriveCount: count.optional(),
    parentExecution: text(512).optional(),
    stateMachineArn: text(512).optional(),
    stateMachineVersionArn: text(512).optional(),
    stateMachineAliasArn: text(512).optional(),
    step: text(80).optional(),
    claims: z.record(z.string().max(128), claimValue).optional().meta({ description: "allow-listed claims" }),
    fingerprint: text(128).optional().meta({ description: "keyed digest of the token, never the token" }),
    expiresAt: epochMillis.optional().meta({ description: "when the token expires" }),
    causedBy: digest.optional().meta({ description: "entryId of the entry that led to this one" }),
    findingId: text(128).optional(),
    error: z.strictObject({ name: text(256), code: text(128).optional() }).optional(),
    detail: z
      .record(z.string().max(64), detailValue)
      .optional()
      .meta({ description: "facts particular to the action" }),
    personal: z
      .strictObject({ key: text(128), ciphertext: z.base64() })
      .optional()
      .meta({ description: "personal data under the subject's own data key" }),
    overflow: z
      .strictObject({ sha256: digest, bytes: count, fields: z.array(z.enum(["detail", "claims"])) })
      .optional()
      .meta({ description: "fields too large to keep here, kept under OVERFLOW#<sha256>" }),
  })
  .meta({ title: "Countersign ledger entry, version 1" });

export type Entry = z.infer<typeof entrySchema>;

/** What is encrypted into `personal`: names are fixed so that erasure and export know them. */
export interface PersonalData {
  readonly sourceIp?: string;
  readonly userAgent?: string;
  readonly claims?: Readonly<Record<string, string>>;
}
