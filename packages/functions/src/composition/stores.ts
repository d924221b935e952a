import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { SQSClient } from "@aws-sdk/client-sqs";
import { createExecutionStore } from "@countersign/aws/dynamodb/executions";
import { createLedgerReader, createLedgerWriter } from "@countersign/aws/dynamodb/ledger";
import { createDeadLetterQueue } from "@countersign/aws/sqs/dead-letters";
import { createMessageDelay } from "@countersign/aws/sqs/message-delay";
import { createRevocationQueue } from "@countersign/aws/sqs/revocation-queue";
import { boundedCalls } from "./call-limits.ts";
import { type Environment, setting, urlSetting } from "./settings.ts";

/** The wall clock. */
export const clock = { now: () => Date.now() };

/** The ledger and the state table. */
export function stores(environment: Environment) {
  const dynamodb = new DynamoDBClient(boundedCalls());
  const ledger = { dynamodb, table: setting(environment, "COUNTERSIGN_LEDGER_TABLE"), clock };
  const state = { dynamodb, table: setting(environment, "COUNTERSIGN_STATE_TABLE") };
  return {
    state,
    ledger: createLedgerWriter(ledger),
    ledgerReader: createLedgerReader(ledger),
    executions: createExecutionStore(state),
  };
}

/** The queues functions write to. */
export function queues(environment: Environment) {
  const sqs = new SQSClient(boundedCalls());
  const revocationsUrl = urlSetting(environment, "COUNTERSIGN_REVOCATIONS_QUEUE_URL");
  const statusEventsUrl = urlSetting(environment, "COUNTERSIGN_STATUS_EVENTS_QUEUE_URL");
  return {
    revocations: createRevocationQueue({ sqs, queueUrl: revocationsUrl }),
    delayOf: {
      statusEvents: createMessageDelay({ sqs, queueUrl: statusEventsUrl }),
      revocations: createMessageDelay({ sqs, queueUrl: revocationsUrl }),
    },
    deadLetters: createDeadLetterQueue({
      sqs,
      queueUrl: urlSetting(environment, "COUNTERSIGN_DEAD_LETTERS_QUEUE_URL"),
      sourceUrls: {
        "status-events": statusEventsUrl,
        revocations: revocationsUrl,
      },
    }),
  };
}
