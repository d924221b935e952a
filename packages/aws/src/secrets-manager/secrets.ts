import { GetSecretValueCommand, type SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import type { Clock } from "@countersign/core/clock";
import { InvalidInputError } from "@countersign/core/error/errors";
import { orUnavailable } from "../sdk-error.ts";

/** Reads secrets by name; what it returns is secret and never logged. */
export interface SecretReader {
  /**
   * The current version of a secret, at most `maxAgeMillis` old.
   *
   * @throws {UnavailableError} `store.unavailable`.
   */
  read(name: string): Promise<string>;

  /** The current version of a secret, read anew: for when a provider refused the cached one. */
  refresh(name: string): Promise<string>;
}

/** Reads secrets from Secrets Manager; however many wait for one, it is asked for once. */
export function createSecretReader(source: {
  readonly secretsManager: SecretsManagerClient;
  readonly clock: Clock;
  readonly maxAgeMillis?: number;
}): SecretReader {
  const { secretsManager, clock, maxAgeMillis = 60_000 } = source;
  const cached = new Map<string, { readonly value: Promise<string>; readonly until: number }>();
  const waiting = new Map<string, Promise<string>>();

  const refresh = (name: string): Promise<string> => {
    const asked = waiting.get(name);
    if (asked !== undefined) return asked;
    const value = currentValue(secretsManager, name).finally(() => waiting.delete(name));
    const entry = { value, until: clock.now() + maxAgeMillis };
    waiting.set(name, value);
    cached.set(name, entry);
    value.catch(() => {
      if (cached.get(name) === entry) cached.delete(name);
    });
    return value;
  };

  return {
    async read(name) {
      const entry = cached.get(name);
      return entry && entry.until > clock.now() ? entry.value : refresh(name);
    },
    refresh,
  };
}

async function currentValue(secretsManager: SecretsManagerClient, name: string): Promise<string> {
  const command = new GetSecretValueCommand({ SecretId: name });
  const { SecretString } = await orUnavailable(secretsManager.send(command), "Secrets Manager");
  if (SecretString === undefined) {
    throw new InvalidInputError("config.invalid", `secret "${name}" is binary, expected text`);
  }
  return SecretString;
}
