import { createHmac, timingSafeEqual } from "node:crypto";
import { z } from "zod";
import { AwsError, type Operation, operation } from "../wire/aws-json.ts";
import { keyArn, keyReferenceSchema, requireUsableKey } from "./key-reference.ts";
import type { KeyStore } from "./key-store.ts";
import { blobSchema } from "./wire-schema.ts";

const messageSchema = z.strictObject({
  KeyId: keyReferenceSchema,
  Message: blobSchema(1, 4096),
  MacAlgorithm: z.literal("HMAC_SHA_256"),
});

/** GenerateMac, VerifyMac. */
export function macOperations(keys: KeyStore): Readonly<Record<string, Operation>> {
  const macOf = (keyId: string, message: Uint8Array) =>
    createHmac("sha256", keys.secretOf(keyId)).update(message).digest();
  return {
    GenerateMac: operation(messageSchema, (input) => {
      const key = requireUsableKey(keys, input.KeyId, "GENERATE_VERIFY_MAC", "GenerateMac");
      const mac = macOf(key.id, input.Message);
      return { KeyId: keyArn(key.id), Mac: mac.toString("base64"), MacAlgorithm: input.MacAlgorithm };
    }),
    VerifyMac: operation(messageSchema.extend({ Mac: blobSchema(1, 6144) }), (input) => {
      const key = requireUsableKey(keys, input.KeyId, "GENERATE_VERIFY_MAC", "VerifyMac");
      const mac = macOf(key.id, input.Message);
      if (mac.length !== input.Mac.length || !timingSafeEqual(mac, input.Mac)) {
        throw new AwsError("KMSInvalidMacException", "the HMAC is not valid");
      }
      return { KeyId: keyArn(key.id), MacValid: true, MacAlgorithm: input.MacAlgorithm };
    }),
  };
}
