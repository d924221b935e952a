import { KmsKeyringNode } from "@aws-crypto/client-node";
import { DecryptCommand, GenerateDataKeyCommand, type KMSClient } from "@aws-sdk/client-kms";

/** A keyring on a KMS client of ours, which remembers the failure that the library reduces to a text. */
export interface KmsKeyring {
  readonly keyring: KmsKeyringNode;
  /** What KMS last failed with, if it did. */
  failure(): unknown;
}

/** A keyring that makes data keys under one KMS key, named by id, ARN or alias. */
export function encryptingKeyring(client: KMSClient, keyId: string): KmsKeyring {
  return keyringOn(
    client,
    keyId,
    (clientProvider) => new KmsKeyringNode({ clientProvider, generatorKeyId: keyId }),
  );
}

/** A keyring that unwraps data keys of one KMS key and of no other, named by id, ARN or alias. */
export function decryptingKeyring(client: KMSClient, keyId: string): KmsKeyring {
  // The library compares ARNs, and so could not take an alias. KMS itself is told which key it must be.
  return keyringOn(
    client,
    keyId,
    (clientProvider) => new KmsKeyringNode({ clientProvider, discovery: true }),
  );
}

type ClientProvider = NonNullable<
  NonNullable<ConstructorParameters<typeof KmsKeyringNode>[0]>["clientProvider"]
>;
type KmsCalls = Exclude<ReturnType<ClientProvider>, false>;

function keyringOn(
  client: KMSClient,
  keyId: string,
  build: (provider: ClientProvider) => KmsKeyringNode,
): KmsKeyring {
  let failure: unknown;
  const calls: KmsCalls = {
    async generateDataKey(request) {
      const { KeyId, Plaintext, CiphertextBlob } = await client.send(new GenerateDataKeyCommand(request));
      return answered({ KeyId, Plaintext, CiphertextBlob });
    },
    async decrypt(request) {
      try {
        const { KeyId, Plaintext } = await client.send(new DecryptCommand({ ...request, KeyId: keyId }));
        return answered({ KeyId, Plaintext });
      } catch (error) {
        failure = error;
        throw error;
      }
    },
    async encrypt() {
      throw new TypeError("a data key is made by KMS, never brought to it");
    },
  };
  return { keyring: build(() => calls), failure: () => failure };
}

/** Leaves out what KMS did not answer; the library checks that everything it needs is there. */
function answered<T extends object>(answer: T): { [K in keyof T]: NonNullable<T[K]> } {
  const present = Object.entries(answer).filter(([, value]) => value !== undefined);
  return Object.fromEntries(present) as { [K in keyof T]: NonNullable<T[K]> };
}
