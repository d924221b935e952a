import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { CreateTableCommand, DynamoDBClient, ResourceInUseException } from "@aws-sdk/client-dynamodb";
import { EventBridgeClient, PutRuleCommand, PutTargetsCommand } from "@aws-sdk/client-eventbridge";
import {
  CreateAliasCommand,
  CreateKeyCommand,
  DescribeKeyCommand,
  KMSClient,
  NotFoundException,
} from "@aws-sdk/client-kms";
import {
  CreateSecretCommand,
  GetSecretValueCommand,
  ResourceNotFoundException,
  SecretsManagerClient,
} from "@aws-sdk/client-secrets-manager";
import {
  CreateStateMachineCommand,
  DescribeStateMachineCommand,
  SFNClient,
  StateMachineDoesNotExist,
  UpdateStateMachineCommand,
} from "@aws-sdk/client-sfn";
import { ledgerTable, stateTable } from "@countersign/aws/dynamodb/tables";
import type { Config } from "@countersign/core/config/config";
import type { Workflows } from "@countersign/core/policy/workflow";
import type { QueueEngine } from "../queues/engine.ts";
import { account, region } from "../wire/account.ts";
import { StartupError } from "./startup-error.ts";

/** Settings of an SDK client for one of the runtime's endpoints. */
export function clientOf(endpoint: string) {
  return { endpoint, region, credentials: { accessKeyId: "embedded", secretAccessKey: "embedded" } };
}

/** The names of what is provisioned, the same for every embedded runtime. */
export const names = {
  ledger: "countersign-ledger",
  state: "countersign-state",
  key: "alias/countersign",
  keys: "countersign/keys",
  rule: "countersign-status-events",
} as const;

/** Creates both tables where they are absent. */
export async function provisionTables(endpoint: string): Promise<void> {
  const client = new DynamoDBClient(clientOf(endpoint));
  try {
    for (const table of [ledgerTable(names.ledger), stateTable(names.state)]) {
      await client.send(new CreateTableCommand(table)).catch(ignore(ResourceInUseException));
    }
  } finally {
    client.destroy();
  }
}

/** Creates the key that seals are made under. */
export async function provisionKey(endpoint: string): Promise<void> {
  const client = new KMSClient(clientOf(endpoint));
  try {
    await client.send(new DescribeKeyCommand({ KeyId: names.key }));
  } catch (error) {
    if (!(error instanceof NotFoundException)) throw error;
    const { KeyMetadata } = await client.send(new CreateKeyCommand({ Description: "Countersign seals" }));
    await client.send(new CreateAliasCommand({ AliasName: names.key, TargetKeyId: KeyMetadata?.KeyId }));
  } finally {
    client.destroy();
  }
}

/** Creates the gate's keys and a secret for each of Countersign's own OAuth clients; returns the latter by client id. */
export async function provisionSecrets(endpoint: string, config: Config): Promise<Map<string, string>> {
  const client = new SecretsManagerClient(clientOf(endpoint));
  try {
    await secretValue(client, names.keys, () =>
      JSON.stringify({ keyId: randomHex(4), gateKey: randomBase64(32), fingerprintKey: randomBase64(32) }),
    );
    const secrets = new Map<string, string>();
    for (const issuer of config.issuers) {
      secrets.set(
        issuer.client.id,
        await secretValue(client, issuer.client.secret, () => randomBytes(32).toString("base64url")),
      );
    }
    return secrets;
  } finally {
    client.destroy();
  }
}

async function secretValue(client: SecretsManagerClient, name: string, make: () => string): Promise<string> {
  try {
    const { SecretString } = await client.send(new GetSecretValueCommand({ SecretId: name }));
    return SecretString ?? "";
  } catch (error) {
    if (!(error instanceof ResourceNotFoundException)) throw error;
    const made = make();
    await client.send(new CreateSecretCommand({ Name: name, SecretString: made }));
    return made;
  }
}

/** Queues of the deployed system, by their role. */
export async function provisionQueues(engine: QueueEngine, visibilitySeconds: number) {
  // No RedrivePolicy: functions give a message up themselves, because a queue would keep its body.
  const attributes = { VisibilityTimeout: String(visibilitySeconds) };
  return {
    statusEvents: await engine.createQueue("countersign-status-events", attributes),
    revocations: await engine.createQueue("countersign-revocations", attributes),
    deadLetters: await engine.createQueue("countersign-dead-letters"),
  };
}

/** The rule that brings status events of registered state machines, and of their Maps' children, to the recorder. */
export async function provisionRule(endpoint: string, workflows: Workflows, queueArn: string): Promise<void> {
  const client = new EventBridgeClient(clientOf(endpoint));
  const arns = workflows
    .all()
    .flatMap(({ stateMachineArn }) => [stateMachineArn, { prefix: `${stateMachineArn}/` }]);
  // A pattern must not be empty: without workflows there is nothing to hear of.
  if (arns.length === 0) return;
  const pattern = {
    source: ["aws.states"],
    "detail-type": ["Step Functions Execution Status Change"],
    detail: { stateMachineArn: arns },
  };
  try {
    await client.send(new PutRuleCommand({ Name: names.rule, EventPattern: JSON.stringify(pattern) }));
    await client.send(
      new PutTargetsCommand({ Rule: names.rule, Targets: [{ Id: "recorder", Arn: queueArn }] }),
    );
  } finally {
    client.destroy();
  }
}

/** Creates the configuration's own state machines, and updates those whose definition has changed. */
export async function provisionStateMachines(
  endpoint: string,
  config: Config,
  folder: string,
): Promise<void> {
  const client = new SFNClient(clientOf(endpoint));
  try {
    for (const [name, { definition: file }] of Object.entries(config.local.stateMachines)) {
      await putStateMachine(client, name, readDefinition(resolve(folder, file), name)).catch(
        (error: Error) => {
          if (error.name !== "InvalidDefinition") throw error;
          throw new StartupError(`${file}: state machine "${name}": ${error.message}`);
        },
      );
    }
  } finally {
    client.destroy();
  }
}

async function putStateMachine(client: SFNClient, name: string, definition: string): Promise<void> {
  const stateMachineArn = `arn:aws:states:${region}:${account}:stateMachine:${name}`;
  const roleArn = `arn:aws:iam::${account}:role/${name}`;
  try {
    const existing = await client.send(new DescribeStateMachineCommand({ stateMachineArn }));
    if (existing.definition === definition) return;
    await client.send(new UpdateStateMachineCommand({ stateMachineArn, definition, roleArn }));
  } catch (error) {
    if (!(error instanceof StateMachineDoesNotExist)) throw error;
    await client.send(new CreateStateMachineCommand({ name, definition, roleArn }));
  }
}

function readDefinition(path: string, name: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    throw new StartupError(
      `${path} cannot be read: it is the definition of state machine "${name}" in local.stateMachines`,
    );
  }
}

function ignore(type: new (...args: never[]) => Error) {
  return (error: unknown) => {
    if (!(error instanceof type)) throw error;
  };
}

const randomHex = (bytes: number): string => randomBytes(bytes).toString("hex");
const randomBase64 = (bytes: number): string => randomBytes(bytes).toString("base64");
