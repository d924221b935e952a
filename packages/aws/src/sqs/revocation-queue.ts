import { SendMessageCommand, type SQSClient } from "@aws-sdk/client-sqs";
import type { RevocationQueue } from "@countersign/core/revoker/revocation-queue";
import { orUnavailable } from "../sdk-error.ts";

/** Sends revocation hints to a queue: each message's body is one hint as JSON. */
export function createRevocationQueue(source: {
  readonly sqs: SQSClient;
  readonly queueUrl: string;
}): RevocationQueue {
  return {
    async hint({ executionArn, grantId }) {
      const body = JSON.stringify({ executionArn, grantId });
      const command = new SendMessageCommand({ QueueUrl: source.queueUrl, MessageBody: body });
      await orUnavailable(source.sqs.send(command), "the queue of revocations");
    },
  };
}
