import { describe, expect, test } from "vitest";
import { type ExecutionFacts, statusChangeEvent } from "./status-event.ts";

const facts: ExecutionFacts = {
  executionArn: "arn:aws:states:us-east-1:000000000000:execution:m:e",
  stateMachineArn: "arn:aws:states:us-east-1:000000000000:stateMachine:m",
  stateMachineVersionArn: null,
  stateMachineAliasArn: null,
  name: "e",
  status: "SUCCEEDED",
  startDate: 1_767_323_045_678,
  stopDate: 1_767_323_046_000,
  input: '{"a":1}',
  output: "{}",
  error: null,
  cause: null,
};

describe("a status change event", () => {
  test("has every field AWS sends, null where unset", () => {
    expect(statusChangeEvent(facts, 1_767_323_046_000)).toEqual({
      version: "0",
      "detail-type": "Step Functions Execution Status Change",
      source: "aws.states",
      account: "000000000000",
      time: "2026-01-02T03:04:06Z",
      region: "us-east-1",
      resources: [facts.executionArn],
      detail: {
        ...facts,
        inputDetails: { included: true },
        outputDetails: { included: true },
        redriveCount: 0,
        redriveDate: null,
        redriveStatus: "NOT_REDRIVABLE",
        redriveStatusReason: "Execution is SUCCEEDED and cannot be redriven",
      },
    });
  });

  test("of a running execution has no output and no stopDate", () => {
    const running = { ...facts, status: "RUNNING", stopDate: null, output: null } as const;
    expect(statusChangeEvent(running, 0).detail).toMatchObject({
      stopDate: null,
      output: null,
      outputDetails: null,
      redriveStatus: "NOT_REDRIVABLE",
      redriveStatusReason: "Execution is RUNNING and cannot be redriven",
    });
  });

  test("of a failed execution is redrivable for no stated reason", () => {
    const detail = statusChangeEvent({ ...facts, status: "FAILED", output: null, error: "E" }, 0).detail;
    expect(detail).toMatchObject({ redriveStatus: "REDRIVABLE", redriveStatusReason: null, error: "E" });
  });

  test("drops the input when escaped input and output pass 248 KiB, the output when it does alone", () => {
    // a quote takes two bytes once escaped
    const half = JSON.stringify("x".repeat(124 * 1024 - 4));
    const edge = statusChangeEvent({ ...facts, input: half, output: half }, 0).detail;
    expect([edge.input, edge.output]).toEqual([half, half]);

    const over = statusChangeEvent({ ...facts, input: `${half} `, output: half }, 0).detail;
    expect(over).toMatchObject({ input: null, inputDetails: { included: false }, output: half });

    const large = JSON.stringify("x".repeat(248 * 1024));
    expect(statusChangeEvent({ ...facts, output: large }, 0).detail).toMatchObject({
      input: null,
      inputDetails: { included: false },
      output: null,
      outputDetails: { included: false },
    });
  });
});
