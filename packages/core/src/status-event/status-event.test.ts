import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { arnOf, jwtLike, machineArn, startDate, statusEventWith } from "../../test-support/fixtures.ts";
import { InvalidInputError } from "../error/errors.ts";
import { digestPayload } from "./payload-facts.ts";
import { parseStatusEvent } from "./status-event.ts";

const executionArn = arnOf("e");
const eventWith = (status: string, detail: Record<string, unknown> = {}) =>
  statusEventWith({ executionArn, status, detail });
const jwt = jwtLike("event");

/** An event as they were in 2019: without redrive, details, error and version fields. */
const of2019 = {
  version: "0",
  id: "315c1398-40ff-a850-213b-158f73e60175",
  "detail-type": "Step Functions Execution Status Change",
  source: "aws.states",
  account: "123456789012",
  time: "2019-02-26T19:42:21Z",
  region: "us-east-1",
  resources: ["arn:aws:states:us-east-1:123456789012:execution:state-machine-name:execution-name"],
  detail: {
    executionArn: "arn:aws:states:us-east-1:123456789012:execution:state-machine-name:execution-name",
    stateMachineArn: "arn:aws:states:us-east-1:123456789012:stateMachine:state-machine",
    name: "execution-name",
    status: "RUNNING",
    startDate: 1551225271984,
    stopDate: null,
    input: "{}",
    output: null,
  },
};

describe("a status event", () => {
  test("of 2019 parses, with redriveCount 0", () => {
    expect(parseStatusEvent(of2019)).toEqual({
      eventId: of2019.id,
      executionArn: of2019.detail.executionArn,
      stateMachineArn: of2019.detail.stateMachineArn,
      status: "RUNNING",
      startDate: 1551225271984,
      redriveCount: 0,
      time: Date.UTC(2019, 1, 26, 19, 42, 21),
      input: digestPayload("{}"),
      tokenShapes: [],
    });
  });

  test("of today parses, with null fields absent", () => {
    const parsed = parseStatusEvent(eventWith("FAILED", { error: "States.TaskFailed", cause: "it broke" }));
    expect(parsed).toEqual({
      eventId: expect.any(String),
      executionArn,
      stateMachineArn: machineArn,
      status: "FAILED",
      startDate,
      stopDate: startDate + 5_000,
      redriveCount: 0,
      redriveStatus: "NOT_REDRIVABLE",
      error: "States.TaskFailed",
      time: Math.floor((startDate + 5_000) / 1000) * 1000,
      input: digestPayload('{"amount":1}'),
      tokenShapes: [],
    });
  });

  test.each([
    ["null", null, undefined],
    ["a number of milliseconds", 1_767_323_045_678, 1_767_323_045_678],
    ["a string of milliseconds", "1767323045678", 1_767_323_045_678],
    ["an ISO 8601 string", "2026-01-02T03:04:05.678Z", 1_767_323_045_678],
    ["text that is no date", "soon", undefined],
  ])("has its redriveDate from %s", (_name, redriveDate, expected) => {
    expect(parseStatusEvent(eventWith("RUNNING", { redriveDate })).redriveDate).toBe(expected);
  });

  test("whose input is null or not included has no digest of it", () => {
    for (const inputDetails of [{ included: false }, null]) {
      const parsed = parseStatusEvent(eventWith("RUNNING", { input: null, inputDetails }));
      expect(parsed).not.toHaveProperty("input");
      expect(parsed.tokenShapes).toEqual([]);
    }
  });

  test("keeps hash and size of input and output in bytes, and neither of them", () => {
    const input = JSON.stringify({ name: "Zoë", marker: "input-marker" });
    const output = '{"marker":"output-marker"}';
    const parsed = parseStatusEvent(eventWith("SUCCEEDED", { input, output, cause: "cause-marker" }));
    const sha256 = createHash("sha256").update(input, "utf8").digest("base64url");
    expect(parsed.input).toEqual({ sha256, bytes: Buffer.byteLength(input) });
    expect(parsed.output?.bytes).toBe(output.length);
    expect(JSON.stringify(parsed)).not.toContain("marker");
  });

  test("with an input of 256 KiB parses", () => {
    const input = JSON.stringify({ text: "x".repeat(262_144 - 11), last: jwt });
    const parsed = parseStatusEvent(eventWith("RUNNING", { input }));
    expect(parsed.input?.bytes).toBe(Buffer.byteLength(input));
    expect(parsed.tokenShapes).toEqual([{ path: "input<json>.last", kind: "jwt" }]);
  });

  test("says where input, output, cause and error look like tokens, and never repeats them", () => {
    const parsed = parseStatusEvent(
      eventWith("FAILED", {
        input: `{"auth":"${jwt}"}`,
        output: `[{"k":"${jwt}"}]`,
        cause: `got ${jwt}`,
        error: jwt,
      }),
    );
    expect(parsed.tokenShapes).toEqual([
      { path: "input<json>.auth", kind: "jwt" },
      { path: "output<json>[0].k", kind: "jwt" },
      { path: "cause", kind: "jwt" },
      { path: "error", kind: "jwt" },
    ]);
    expect(parsed.error).toBe("Countersign.ErrorNameHeldToken");
    expect(JSON.stringify(parsed)).not.toContain("eyJ");
  });

  test("with an empty error has none, and with a long one its beginning", () => {
    expect(parseStatusEvent(eventWith("FAILED", { error: "" }))).not.toHaveProperty("error");
    expect(parseStatusEvent(eventWith("FAILED", { error: "E".repeat(5_000) })).error).toBe("E".repeat(256));
  });

  test("of a version or an alias keeps both ARNs", () => {
    const detail = { stateMachineVersionArn: `${machineArn}:7`, stateMachineAliasArn: `${machineArn}:live` };
    expect(parseStatusEvent(eventWith("RUNNING", detail))).toMatchObject(detail);
  });

  test("of a distributed Map's child keeps the labelled machine", () => {
    const child = "arn:aws:states:eu-west-1:123456789012:execution:payout/EachOrder:7c1f0f3e";
    const parsed = parseStatusEvent(
      statusEventWith({ executionArn: child, status: "RUNNING", stateMachineArn: `${machineArn}/EachOrder` }),
    );
    expect(parsed).toMatchObject({ executionArn: child, stateMachineArn: `${machineArn}/EachOrder` });
  });

  test("of another partition, with a status of tomorrow and fields we don't know, parses", () => {
    const china = "arn:aws-cn:states:cn-north-1:123456789012:execution:payout:e";
    const parsed = parseStatusEvent(
      statusEventWith({ executionArn: china, status: "PAUSED_BY_OPERATOR", detail: { mood: "calm" } }),
    );
    expect(parsed).toMatchObject({ executionArn: china, status: "PAUSED_BY_OPERATOR" });
    expect(parsed).not.toHaveProperty("mood");
  });

  test("without an id parses", () => {
    expect(parseStatusEvent({ ...of2019, id: undefined }).eventId).toBeUndefined();
  });
});

describe("a malformed event", () => {
  test.each<[string, unknown]>([
    ["event", null],
    ["event", "text"],
    ["event", []],
    ["source", { ...of2019, source: "aws.ec2" }],
    ["detail-type", { ...of2019, "detail-type": "Scheduled Event" }],
    ["time", { ...of2019, time: "yesterday" }],
    ["time", { ...of2019, time: 5 }],
    ["detail", { ...of2019, detail: undefined }],
    ["detail.executionArn", eventWith("RUNNING", { executionArn: machineArn })],
    ["detail.executionArn", eventWith("RUNNING", { executionArn: undefined })],
    ["detail.stateMachineArn", eventWith("RUNNING", { stateMachineArn: "payout" })],
    ["detail.status", eventWith("running")],
    ["detail.status", eventWith("A".repeat(65))],
    ["detail.startDate", eventWith("RUNNING", { startDate: "2026-01-01" })],
    ["detail.startDate", eventWith("RUNNING", { startDate: 1.5 })],
    ["detail.startDate", eventWith("RUNNING", { startDate: -1 })],
    ["detail.stopDate", eventWith("FAILED", { stopDate: "late" })],
    ["detail.redriveCount", eventWith("RUNNING", { redriveCount: -1 })],
    ["detail.input", eventWith("RUNNING", { input: { a: 1 } })],
    ["detail.error", eventWith("FAILED", { error: 5 })],
  ])("is refused with the field: %s", (field, event) => {
    try {
      parseStatusEvent(event);
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(InvalidInputError);
      expect(error).toMatchObject({ code: "event.malformed", field });
      expect((error as Error).message).toContain(`"${field}"`);
    }
  });

  test("is refused without a word of what it held", () => {
    for (const detail of [
      { executionArn: jwt },
      { status: jwt },
      { input: { a: jwt } },
      { startDate: jwt },
    ]) {
      try {
        parseStatusEvent(eventWith("RUNNING", detail));
        expect.unreachable();
      } catch (error) {
        expect((error as Error).message).not.toContain("eyJ");
      }
    }
  });
});
