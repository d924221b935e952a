import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { KMSClient } from "@aws-sdk/client-kms";
import { GetSecretValueCommand, SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { createExecutionStore } from "@countersign/aws/dynamodb/executions";
import { createLedgerReader } from "@countersign/aws/dynamodb/ledger";
import { createSealOpener } from "@countersign/aws/kms/seal";
import type { Entry } from "@countersign/core/entry/entry";
import type { Grant } from "@countersign/core/execution/execution-state";
import { clientOf, names } from "@countersign/local/runtime/provision";
import { eventually } from "./eventually.ts";

/** Where a runtime is, in this process or another. */
export interface Endpoints {
  readonly issuer: string;
  readonly aws: string;
  readonly dynamodb: string;
}

/** Sees what a runtime did with the rights of the account's owner, past its own API. */
export class Observer {
  readonly #issuer: string;
  readonly #dynamodb: DynamoDBClient;
  readonly #kms: KMSClient;
  readonly #secrets: SecretsManagerClient;

  constructor({ issuer, aws, dynamodb }: Endpoints) {
    this.#issuer = issuer;
    this.#dynamodb = new DynamoDBClient(clientOf(dynamodb));
    this.#kms = new KMSClient(clientOf(aws));
    this.#secrets = new SecretsManagerClient(clientOf(aws));
  }

  /** Entries of an execution in the order they were recorded. */
  async entries(executionArn: string): Promise<readonly Entry[]> {
    const ledger = this.#ledger();
    const { entries } = await ledger.query({ by: "execution", executionArn }, lastHour());
    return entries.toReversed();
  }

  /** Every entry of the last hour. */
  async allEntries(): Promise<readonly Entry[]> {
    return (await this.#ledger().query({ by: "time" }, lastHour())).entries;
  }

  untilEntry(executionArn: string, action: Entry["action"]): Promise<Entry> {
    return eventually(`${action} of ${executionArn}`, async () =>
      (await this.entries(executionArn)).find((entry) => entry.action === action),
    );
  }

  async grant(executionArn: string): Promise<Grant | undefined> {
    const executions = createExecutionStore({ dynamodb: this.#dynamodb, table: names.state });
    return (await executions.get(executionArn))?.grants.at(-1);
  }

  untilGrant(executionArn: string, state: Grant["state"]): Promise<Grant> {
    return eventually(`the grant of ${executionArn} to be ${state}`, async () => {
      const grant = await this.grant(executionArn);
      return grant?.state === state ? grant : undefined;
    });
  }

  /** The grant token, out of its seal. */
  async grantToken(executionArn: string): Promise<string> {
    const seals = createSealOpener({
      dynamodb: this.#dynamodb,
      kms: this.#kms,
      table: names.state,
      keyId: names.key,
    });
    const grant = await this.grant(executionArn);
    const token = grant && (await seals.open({ ...grant, executionArn }));
    if (token === undefined) throw new Error(`${executionArn} has no seal`);
    return token;
  }

  async secret(name: string): Promise<string> {
    const { SecretString } = await this.#secrets.send(new GetSecretValueCommand({ SecretId: name }));
    return SecretString ?? "";
  }

  /** What the provider answers Countersign's own client about a token (RFC 7662). */
  async introspect(token: string): Promise<Readonly<Record<string, unknown>>> {
    const credentials = `countersign:${await this.secret("countersign/oauth-client")}`;
    const response = await fetch(`${this.#issuer}/token/introspection`, {
      method: "POST",
      headers: { authorization: `Basic ${Buffer.from(credentials).toString("base64")}` },
      body: new URLSearchParams({ token }),
    });
    if (!response.ok) throw new Error(`introspection answered ${response.status}`);
    return (await response.json()) as Record<string, unknown>;
  }

  close(): void {
    for (const client of [this.#dynamodb, this.#kms, this.#secrets]) client.destroy();
  }

  #ledger() {
    return createLedgerReader({ dynamodb: this.#dynamodb, table: names.ledger, clock: { now: Date.now } });
  }
}

function lastHour() {
  return { from: Date.now() - 3_600_000, to: Date.now() + 60_000, limit: 1000 };
}
