import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { KMSClient } from "@aws-sdk/client-kms";
import { GetSecretValueCommand, SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { createExecutionStore } from "@countersign/aws/dynamodb/executions";
import { createSealOpener } from "@countersign/aws/kms/seal";
import type { Config } from "@countersign/core/config/config";
import { createIdentityProviders } from "@countersign/idp/oauth/identity-provider";
import { clientOf, names } from "../runtime/provision.ts";
import type { Runtime } from "../runtime/runtime.ts";

/**
 * Opens a grant's seal and asks the provider about the token in it, to see with one's own eyes what the
 * revoker recorded. It has the rights of the account's owner; no function has them all.
 */
export function createInvestigator(runtime: Runtime, config: Config) {
  const { urls } = runtime;
  const dynamodb = new DynamoDBClient(clientOf(urls.dynamodb));
  const kms = new KMSClient(clientOf(urls.aws));
  const secrets = new SecretsManagerClient(clientOf(urls.aws));
  const executions = createExecutionStore({ dynamodb, table: names.state });
  const seals = createSealOpener({ dynamodb, kms, table: names.state, keyId: names.key });
  const providers = createIdentityProviders({
    issuers: config.issuers,
    clock: { now: Date.now },
    clientSecret: async (name) =>
      (await secrets.send(new GetSecretValueCommand({ SecretId: name }))).SecretString ?? "",
  });
  return {
    /** Whether the provider calls the execution's grant token active, and what the gate answers to it. */
    async examine(executionArn: string): Promise<{ active: boolean; gateAnswer: number; gateCode: string }> {
      const grant = (await executions.get(executionArn))?.grants[0];
      const token = grant && (await seals.open({ ...grant, executionArn }));
      if (token === undefined) throw new Error("the execution has no seal");
      const { active } = await providers.of(urls.issuer).introspect(token);
      const response = await fetch(`${urls.api}/workflows/payout/executions`, {
        method: "POST",
        headers: { authorization: `Bearer ${token}` },
      });
      const { code } = (await response.json()) as { code?: string };
      return { active, gateAnswer: response.status, gateCode: code ?? "" };
    },
    close(): void {
      for (const client of [dynamodb, kms, secrets]) client.destroy();
    },
  };
}
