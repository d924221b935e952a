import { KMSClient } from "@aws-sdk/client-kms";
import { createErasureIntents } from "@countersign/aws/dynamodb/erasures";
import { createPseudonyms } from "@countersign/aws/dynamodb/pseudonyms";
import { createSubjectKeys } from "@countersign/aws/dynamodb/subject-keys";
import {
  createSubjectRecordDestroyer,
  createSubjectRecordFinder,
} from "@countersign/aws/dynamodb/subject-records";
import { type Config, issuerOf } from "@countersign/core/config/config";
import { createPseudonymousVerifier } from "@countersign/core/subject/pseudonymous-verifier";
import type { Pseudonyms } from "@countersign/core/subject/pseudonyms";
import type { TokenVerifier } from "@countersign/core/token/verified-token";
import { boundedCalls } from "./call-limits.ts";
import { type Environment, setting } from "./settings.ts";
import { clock, stores } from "./stores.ts";

/** The verifier as the configuration has subjects named, and the references where it has any. */
export interface RecordedSubjects {
  readonly verifier: TokenVerifier;
  readonly pseudonyms?: Pseudonyms;
}

export function recordedSubjects(
  environment: Environment,
  config: Config,
  verifier: TokenVerifier,
  gateKey: Uint8Array,
): RecordedSubjects {
  if (config.subjects === "identifier") return { verifier };
  const { pseudonyms } = subjectParts(environment, gateKey);
  const ownClientAt = (issuer: string) => issuerOf(config, issuer).client.id;
  return { verifier: createPseudonymousVerifier(verifier, pseudonyms, ownClientAt), pseudonyms };
}

/** What finds a subject's records. */
export function subjectFinder(environment: Environment, gateKey: Uint8Array) {
  const { keys, pseudonyms } = subjectParts(environment, gateKey);
  return createSubjectRecordFinder(keys, pseudonyms);
}

/** What carries an erasure out. */
export function erasing(environment: Environment) {
  const { state } = stores(environment);
  return { destroyer: createSubjectRecordDestroyer(state), erasures: createErasureIntents(state) };
}

function subjectParts(environment: Environment, gateKey: Uint8Array) {
  const { state } = stores(environment);
  const keyId = setting(environment, "COUNTERSIGN_KMS_KEY_ID");
  const keys = createSubjectKeys({ ...state, kms: new KMSClient(boundedCalls()), keyId, clock });
  return { keys, pseudonyms: createPseudonyms({ ...state, keys, mappingKey: gateKey, clock }) };
}
