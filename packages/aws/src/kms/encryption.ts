import {
  AlgorithmSuiteIdentifier,
  buildClient,
  CommitmentPolicy,
  NodeAlgorithmSuite,
} from "@aws-crypto/client-node";

/** Key-committing, for one ciphertext must not open to two texts; unsigned, for who encrypts also decrypts. */
export const suiteId = AlgorithmSuiteIdentifier.ALG_AES256_GCM_IV12_TAG16_HKDF_SHA512_COMMIT_KEY;
export const suite = new NodeAlgorithmSuite(suiteId);
export const commitmentPolicy = CommitmentPolicy.REQUIRE_ENCRYPT_REQUIRE_DECRYPT;

/** The AWS Encryption SDK: every message has one data key and a committing suite, or is refused. */
export const encryptionClient = buildClient({ commitmentPolicy, maxEncryptedDataKeys: 1 });
