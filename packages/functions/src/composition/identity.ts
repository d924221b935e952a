import { SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { parseGateKeys } from "@countersign/aws/secrets-manager/gate-keys";
import { createSecretReader } from "@countersign/aws/secrets-manager/secrets";
import type { Config } from "@countersign/core/config/config";
import { createIdentityProviders } from "@countersign/idp/oauth/identity-provider";
import { createAccessTokenVerifier } from "@countersign/idp/verify/access-token-verifier";
import { boundedCalls } from "./call-limits.ts";
import { type Environment, setting } from "./settings.ts";
import { clock } from "./stores.ts";
import { recordedSubjects } from "./subjects.ts";

/** Countersign's own clients at the configured issuers. */
export function identityProviders(config: Config) {
  const secrets = createSecretReader({ secretsManager: new SecretsManagerClient(boundedCalls()), clock });
  const providers = createIdentityProviders({
    issuers: config.issuers,
    clientSecret: (name, refresh) => (refresh ? secrets.refresh(name) : secrets.read(name)),
    clock,
  });
  return { secrets, providers };
}

/** The verifier of callers' tokens, with the keys that fingerprints and execution names are made with. */
export async function tokenVerification(environment: Environment, config: Config) {
  const { secrets, providers } = identityProviders(config);
  const keys = parseGateKeys(await secrets.read(setting(environment, "COUNTERSIGN_KEYS_SECRET")));
  const verifier = createAccessTokenVerifier({
    issuers: config.issuers,
    clock,
    fingerprintKey: keys.fingerprint,
    providers,
  });
  return { ...recordedSubjects(environment, config, verifier, keys.gateKey), providers, keys };
}
