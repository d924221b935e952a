import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import { KMSClient } from "@aws-sdk/client-kms";
import { loopback } from "./dynamodb.ts";
import { type JsonEndpoint, Refusal, startJsonEndpoint } from "./json-endpoint.ts";

/** The length of the blob KMS answers for a wrapped 32-byte key. */
const blobBytes = 184;

/** KMS's GenerateDataKey and Decrypt for one key, with real AES and the encryption context as AAD. */
export interface TestKms extends AsyncDisposable {
  readonly client: KMSClient;
  readonly keyArn: string;
  readonly requests: JsonEndpoint["requests"];
  /** What the next calls are refused with. */
  refuse: Refusal | undefined;
}

export async function startKms(): Promise<TestKms> {
  const keyArn = "arn:aws:kms:us-east-1:123456789012:key/1b2c3d4e-0000-4000-8000-1234567890ab";
  const key = randomBytes(32);
  const refused: { with: Refusal | undefined } = { with: undefined };
  const endpoint = await startJsonEndpoint({
    GenerateDataKey: (input) => {
      if (refused.with) throw refused.with;
      if (input["KeyId"] !== keyArn) throw new Refusal("NotFoundException");
      const plaintext = randomBytes(32);
      const blob = wrap(key, plaintext, input["EncryptionContext"]);
      return {
        KeyId: keyArn,
        Plaintext: plaintext.toString("base64"),
        CiphertextBlob: blob.toString("base64"),
      };
    },
    Decrypt: (input) => {
      if (refused.with) throw refused.with;
      const plaintext = unwrap(
        key,
        Buffer.from(String(input["CiphertextBlob"]), "base64"),
        input["EncryptionContext"],
      );
      return { KeyId: keyArn, Plaintext: plaintext.toString("base64") };
    },
  });
  const client = new KMSClient({ ...loopback, endpoint: endpoint.url, maxAttempts: 1 });
  return {
    client,
    keyArn,
    requests: endpoint.requests,
    get refuse() {
      return refused.with;
    },
    set refuse(refusal) {
      refused.with = refusal;
    },
    [Symbol.asyncDispose]: async () => {
      client.destroy();
      await endpoint[Symbol.asyncDispose]();
    },
  };
}

function aad(context: unknown): Buffer {
  const pairs = Object.entries((context ?? {}) as Record<string, string>).sort(([a], [b]) =>
    a < b ? -1 : 1,
  );
  return Buffer.from(JSON.stringify(pairs));
}

function wrap(key: Buffer, plaintext: Buffer, context: unknown): Buffer {
  const iv = randomBytes(12);
  const cipher = createCipheriv("aes-256-gcm", key, iv).setAAD(aad(context));
  const body = Buffer.concat([cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
  return Buffer.concat([iv, body, Buffer.alloc(blobBytes - iv.length - body.length)]);
}

function unwrap(key: Buffer, blob: Buffer, context: unknown): Buffer {
  const decipher = createDecipheriv("aes-256-gcm", key, blob.subarray(0, 12)).setAAD(aad(context));
  decipher.setAuthTag(blob.subarray(44, 60));
  try {
    if (blob.subarray(60).some((byte) => byte !== 0)) throw new Refusal("InvalidCiphertextException");
    return Buffer.concat([decipher.update(blob.subarray(12, 44)), decipher.final()]);
  } catch {
    throw new Refusal("InvalidCiphertextException");
  }
}
