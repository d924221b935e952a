import type { DatabaseSync } from "node:sqlite";
import type { AwsJsonService, Operation } from "../wire/aws-json.ts";
import { aliasOperations } from "./alias-operations.ts";
import { encryptionOperations } from "./encryption-operations.ts";
import { keyOperations } from "./key-operations.ts";
import { hasKeys, openKeyStore } from "./key-store.ts";
import { macOperations } from "./mac-operations.ts";
import { readOrCreateRootKey, readRootKey } from "./root-key.ts";
import { createSecretCipher, type SecretCipher } from "./secret-cipher.ts";
import { signingOperations } from "./signing-operations.ts";

export interface KmsDeps {
  readonly database: DatabaseSync;
  /** Holds the root key, 32 bytes that only its owner may read; made when absent. */
  readonly keyFile: string;
  readonly now?: () => number;
}

/** KMS on SQLite, and a cipher under the same root key for the other stand-ins. */
export interface Kms {
  readonly service: AwsJsonService;
  readonly cipher: SecretCipher;
}

/**
 * Opens the keys kept in `database` with the root key in `keyFile`.
 *
 * @throws when there are keys already and the file is gone or holds another root key.
 */
export function createKms({ database, keyFile, now = Date.now }: KmsDeps): Kms {
  // A new root key beside old keys would only hide that they can't be opened any more.
  const rootKey = hasKeys(database) ? readRootKey(keyFile) : readOrCreateRootKey(keyFile);
  const keys = openKeyStore(database, rootKey);
  const operations = {
    ...keyOperations(keys, now),
    ...aliasOperations(keys, now),
    ...encryptionOperations(keys),
    ...signingOperations(keys),
    ...macOperations(keys),
  };
  return {
    service: {
      targetPrefix: "TrentService",
      jsonVersion: "1.1",
      operations: purgingFirst(operations, () => keys.purge(now())),
    },
    cipher: createSecretCipher(rootKey),
  };
}

/** Runs `first` before each operation, so that a key whose waiting period is over is never used again. */
function purgingFirst(
  operations: Readonly<Record<string, Operation>>,
  first: () => void,
): Record<string, Operation> {
  return Object.fromEntries(
    Object.entries(operations).map(([name, run]) => [
      name,
      (input: unknown) => {
        first();
        return run(input);
      },
    ]),
  );
}
