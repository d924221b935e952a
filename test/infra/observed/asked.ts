import { account as localAccount, region as localRegion } from "@countersign/local/wire/account";
import type { AccessRequest } from "../decide.ts";
import { account, arn, region } from "../synth/place.ts";
import type { Call } from "./recording.ts";

type Parameters = Record<string, unknown>;

/** What IAM or KMS would be asked about a call, had it been made to the stage under test. */
export function askedOf({ target, body }: Call): AccessRequest[] {
  const inPlace = body.replaceAll(`${localRegion}:${localAccount}:`, `${region}:${account}:`);
  const parameters = JSON.parse(inPlace) as Parameters;
  const [service = "", operation = ""] = target.split(".");
  if (service.startsWith("DynamoDB")) return onTable(operation, parameters);
  if (service === "AWSStepFunctions") return [onStateMachine(operation, parameters)];
  if (service === "AmazonSQS") return [onQueue(operation, parameters)];
  if (service === "secretsmanager") return [onSecret(operation, parameters)];
  if (service === "TrentService") return [onKey(operation, parameters)];
  throw new Error(`${target} is not known here: say what is asked about it`);
}

function onTable(operation: string, parameters: Parameters): AccessRequest[] {
  const action = `dynamodb:${operation}`;
  if (operation === "BatchGetItem") {
    const tables = Object.entries(parameters["RequestItems"] as Record<string, { Keys: Parameters[] }>);
    return tables.map(([table, { Keys }]) => ({
      action,
      resource: arn("dynamodb", `table/${table}`),
      context: { "dynamodb:LeadingKeys": Keys.map(partitionOf) },
    }));
  }
  const index = parameters["IndexName"];
  const resource = arn("dynamodb", `table/${parameters["TableName"]}${index ? `/index/${index}` : ""}`);
  const keys =
    operation === "Query" ? queriedKey(parameters) : partitionOf(parameters["Key"] ?? parameters["Item"]);
  return [{ action, resource, context: { "dynamodb:LeadingKeys": [keys] } }];
}

function partitionOf(item: unknown): string {
  return (item as { pk: { S: string } }).pk.S;
}

/** The value that the query's first term asks the partition to be. */
function queriedKey(parameters: Parameters): string {
  const [, placeholder = ""] = /^\S+ = (:\w+)/.exec(String(parameters["KeyConditionExpression"])) ?? [];
  const values = parameters["ExpressionAttributeValues"] as Record<string, { S: string }>;
  return values[placeholder]?.S ?? "";
}

function onStateMachine(operation: string, parameters: Parameters): AccessRequest {
  const named = ["executionArn", "mapRunArn", "stateMachineArn"]
    .map((name) => parameters[name])
    .find(Boolean);
  return { action: `states:${operation}`, resource: String(named) };
}

function onQueue(operation: string, parameters: Parameters): AccessRequest {
  const queue = String(parameters["QueueUrl"]).split("/").at(-1);
  return { action: `sqs:${operation.replace(/Batch$/, "")}`, resource: arn("sqs", queue ?? "") };
}

function onSecret(operation: string, parameters: Parameters): AccessRequest {
  return {
    action: `secretsmanager:${operation}`,
    resource: arn("secretsmanager", `secret:${parameters["SecretId"]}-AbCdEf`),
  };
}

function onKey(operation: string, parameters: Parameters): AccessRequest {
  const context = (parameters["EncryptionContext"] ?? {}) as Record<string, string>;
  return {
    action: `kms:${operation}`,
    resource: "the key",
    context: {
      "kms:CallerAccount": account,
      "kms:EncryptionContextKeys": Object.keys(context),
      ...Object.fromEntries(
        Object.entries(context).map(([key, value]) => [`kms:EncryptionContext:${key}`, value]),
      ),
    },
  };
}
