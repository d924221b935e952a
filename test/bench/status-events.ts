import { randomBytes, randomUUID } from "node:crypto";
import { type ExecutionFacts, statusChangeEvent } from "@countersign/local/step-functions/status-event";
import { account, region } from "@countersign/local/wire/account";
import type { SQSRecord } from "aws-lambda";
import { parked } from "./bench-config.ts";

/** The ARN of an execution with a name like the gate's. */
export function executionArn(): string {
  return `arn:aws:states:${region}:${account}:execution:${parked}:cs-${randomBytes(32).toString("base64url")}`;
}

/** The message that brings a status event to the recorder. */
export function statusMessage(arn: string, startDate: number, status: "RUNNING" | "SUCCEEDED"): SQSRecord {
  const isEnd = status === "SUCCEEDED";
  const facts: ExecutionFacts = {
    executionArn: arn,
    stateMachineArn: `arn:aws:states:${region}:${account}:stateMachine:${parked}`,
    stateMachineVersionArn: null,
    stateMachineAliasArn: null,
    name: arn.slice(arn.lastIndexOf(":") + 1),
    status,
    startDate,
    stopDate: isEnd ? startDate + 1000 : null,
    input: JSON.stringify({ amount: 4200, currency: "EUR" }),
    output: isEnd ? JSON.stringify({ charged: 4200 }) : null,
    error: null,
    cause: null,
  };
  const body = JSON.stringify({ id: randomUUID(), ...statusChangeEvent(facts, startDate) });
  return {
    messageId: randomUUID(),
    receiptHandle: "",
    body,
    attributes: {
      ApproximateReceiveCount: "1",
      SentTimestamp: String(startDate),
      SenderId: "bench",
      ApproximateFirstReceiveTimestamp: String(startDate),
    },
    messageAttributes: {},
    md5OfBody: "",
    eventSource: "aws:sqs",
    eventSourceARN: "",
    awsRegion: region,
  };
}
