import type { DatabaseSync } from "node:sqlite";
import type { AwsJsonService, Operation } from "../wire/aws-json.ts";
import { inTransaction } from "../wire/transaction.ts";
import { deletionOperations } from "./deletion-operations.ts";
import { secretOperations } from "./secret-operations.ts";
import { openSecretStore } from "./secret-store.ts";
import type { ValueCipher } from "./secret-value.ts";
import { tagOperations } from "./tags.ts";
import { valueOperations } from "./value-operations.ts";

export interface SecretsManagerDeps {
  readonly database: DatabaseSync;
  /** Seals every value before it reaches the database. */
  readonly cipher: ValueCipher;
  readonly now?: () => number;
}

/** Opens Secrets Manager on the secrets kept in `database`. */
export function createSecretsManager(deps: SecretsManagerDeps): { readonly service: AwsJsonService } {
  const { database, cipher, now = Date.now } = deps;
  const store = openSecretStore(database);
  const operations = {
    ...secretOperations({ store, cipher, now }),
    ...valueOperations({ store, cipher, now }),
    ...deletionOperations(store, now),
    ...tagOperations(store),
  };
  const atomically =
    (run: Operation): Operation =>
    (input) =>
      inTransaction(database, () => {
        store.purge(now());
        return run(input);
      });
  return {
    service: {
      targetPrefix: "secretsmanager",
      jsonVersion: "1.1",
      validationError: "InvalidParameterException",
      operations: Object.fromEntries(
        Object.entries(operations).map(([name, run]) => [name, atomically(run)]),
      ),
    },
  };
}
