import { z } from "zod";
import { type Operation, operation } from "../wire/aws-json.ts";
import { limitExceeded } from "./errors.ts";
import { requireLiveSecret, secretReferenceSchema } from "./secret-reference.ts";
import type { SecretStore } from "./secret-store.ts";

const keySchema = z.string().min(1).max(128);

export const tagsSchema = z.array(z.strictObject({ Key: keySchema, Value: z.string().max(256).default("") }));

type Tags = Readonly<Record<string, string>>;

const mostTags = 50;

/** Adds tags to others, the new values winning. @throws {AwsError} LimitExceededException over 50. */
export function addTags(tags: Tags, added: z.output<typeof tagsSchema>): Tags {
  const merged = Object.fromEntries([
    ...Object.entries(tags),
    ...added.map(({ Key, Value }) => [Key, Value]),
  ]);
  if (Object.keys(merged).length > mostTags) throw limitExceeded(`A secret has at most ${mostTags} tags.`);
  return merged;
}

/** Tags as the wire carries them. */
export function wireTags(tags: Tags): unknown {
  return Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
}

/** TagResource, UntagResource. */
export function tagOperations(store: SecretStore): Readonly<Record<string, Operation>> {
  return {
    TagResource: operation(z.strictObject({ SecretId: secretReferenceSchema, Tags: tagsSchema }), (input) => {
      const secret = requireLiveSecret(store, input.SecretId);
      store.save({ ...secret, tags: addTags(secret.tags, input.Tags) });
    }),
    UntagResource: operation(
      z.strictObject({ SecretId: secretReferenceSchema, TagKeys: z.array(keySchema) }),
      (input) => {
        const secret = requireLiveSecret(store, input.SecretId);
        const kept = Object.entries(secret.tags).filter(([key]) => !input.TagKeys.includes(key));
        store.save({ ...secret, tags: Object.fromEntries(kept) });
      },
    ),
  };
}
