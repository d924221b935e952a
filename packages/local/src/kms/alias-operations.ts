import { z } from "zod";
import { AwsError, type Operation, operation } from "../wire/aws-json.ts";
import { aliasArn, keyReferenceSchema, requireKeyById, requireNotPendingDeletion } from "./key-reference.ts";
import type { Alias, KeyStore } from "./key-store.ts";
import { cutPage, pagingSchema } from "./page.ts";
import { wireTime } from "./wire-schema.ts";

const aliasNameSchema = z.string().min(1).max(256);

/** CreateAlias, ListAliases, DeleteAlias. */
export function aliasOperations(keys: KeyStore, now: () => number): Readonly<Record<string, Operation>> {
  return {
    CreateAlias: operation(
      z.strictObject({ AliasName: aliasNameSchema, TargetKeyId: keyReferenceSchema }),
      (input) => createAlias(keys, input.AliasName, input.TargetKeyId, now()),
    ),
    ListAliases: operation(
      z.strictObject({ KeyId: keyReferenceSchema.optional(), ...pagingSchema }),
      (input) => {
        const key = input.KeyId === undefined ? undefined : requireKeyById(keys, input.KeyId);
        const found = keys.listAliases().filter(({ keyId }) => key === undefined || keyId === key.id);
        const { items, marks } = cutPage(found, ({ name }) => name, input);
        return { Aliases: items.map(describe), ...marks };
      },
    ),
    DeleteAlias: operation(z.strictObject({ AliasName: aliasNameSchema }), ({ AliasName }) => {
      if (!keys.findAlias(AliasName)) {
        throw new AwsError("NotFoundException", `Alias ${aliasArn(AliasName)} is not found.`);
      }
      keys.removeAlias(AliasName);
    }),
  };
}

function createAlias(keys: KeyStore, name: string, target: string, createdAt: number): void {
  if (!/^alias\/[A-Za-z0-9/_-]+$/.test(name)) {
    throw new AwsError(
      "InvalidAliasNameException",
      'Alias must start with the prefix "alias/" and hold only A-Z, a-z, 0-9, /, _ and -.',
    );
  }
  if (name.startsWith("alias/aws/")) {
    throw new AwsError(
      "NotAuthorizedException",
      "The prefix alias/aws/ is reserved for keys managed by AWS.",
    );
  }
  const key = requireKeyById(keys, target);
  requireNotPendingDeletion(key);
  if (keys.findAlias(name)) {
    throw new AwsError("AlreadyExistsException", `An alias with the name ${aliasArn(name)} already exists`);
  }
  keys.addAlias({ name, keyId: key.id, createdAt });
}

function describe(alias: Alias): unknown {
  return {
    AliasName: alias.name,
    AliasArn: aliasArn(alias.name),
    TargetKeyId: alias.keyId,
    CreationDate: wireTime(alias.createdAt),
    LastUpdatedDate: wireTime(alias.createdAt),
  };
}
