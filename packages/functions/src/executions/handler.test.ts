import { describe, expect, test } from "vitest";
import { grantWith, jwtLike, startDate } from "../../../core/test-support/fixtures.ts";
import { callerToken } from "../../test-support/api.ts";
import { Executions, executionArn } from "../../test-support/executions-world.ts";

describe("the status of an execution", () => {
  test("is what Step Functions says, with the grant it runs under", async () => {
    const world = await Executions.running();
    const { status, body } = await world.get();
    expect(status).toBe(200);
    expect(body).toEqual({
      executionArn,
      workflow: "payout",
      status: "RUNNING",
      startDate,
      redriveCount: 0,
      attribution: "gate",
      grant: expect.objectContaining({ state: "active", scopes: ["payout:start"] }),
    });
  });

  test("shows how it ended, and nothing of its input", async () => {
    const world = await Executions.running();
    const ended = { status: "FAILED", stopDate: startDate + 5, error: "Broken", input: '{"amount":17}' };
    world.stepFunctions.add({ executionArn, ...ended });
    const { text, body } = await world.get();
    expect(body).toMatchObject({ status: "FAILED", stopDate: startDate + 5, error: "Broken" });
    expect(text).not.toContain("amount");
  });

  test("shows the grant of the redrive and the instance it is about, and no other", async () => {
    const older = grantWith({
      grantId: "0f0e0d0c-0b0a-4908-8706-050403020101",
      startDate: startDate - 9_000,
    });
    const grants = [
      { ...older, state: "closed" as const },
      grantWith(),
      grantWith({ grantId: "r", redriveCount: 1 }),
    ];
    const world = await Executions.running({}, { grants });
    expect((await world.get()).body["grant"]).toMatchObject({ id: grantWith().grantId });
    world.stepFunctions.add({ executionArn, redriveCount: 1 });
    expect((await world.get()).body["grant"]).toMatchObject({ id: "r" });
    world.stepFunctions.add({ executionArn, redriveCount: 2 });
    expect((await world.get()).body).not.toHaveProperty("grant");
  });

  test("never shows a fingerprint or what the request was", async () => {
    const { text } = await (await Executions.running()).get();
    expect(text).not.toMatch(/fingerprint|requestHash|authorizedBy|v1\.k1/);
  });
});

describe("a stop", () => {
  test("is asked for on the record, then done", async () => {
    const world = await Executions.running();
    const { status, body } = await world.stop({ body: { reason: "wrong amount" } });
    expect(status).toBe(202);
    const entry = world.ledger.only("execution.stop_requested");
    expect(entry).toMatchObject({
      id: body["requestId"],
      source: "api",
      attribution: "gate",
      subject: { sub: "ada" },
      clientId: "payments-app",
      workflow: "payout",
      executionArn,
      startDate,
      redriveCount: 0,
      fingerprint: "v1.k1.inbound",
    });
    expect(world.stops).toEqual([
      { arn: executionArn, error: "Countersign.StopRequested", cause: "wrong amount" },
    ]);
    expect(JSON.stringify(world.ledger.entries)).not.toContain(callerToken);
  });

  test("that can't be recorded is not done", async () => {
    const world = await Executions.running();
    world.ledger.append = async () => {
      throw new Error("down");
    };
    expect((await world.stop()).status).toBe(500);
    expect(world.stops).toEqual([]);
  });

  test("needs no reason", async () => {
    const world = await Executions.running();
    expect((await world.stop({ body: {} })).status).toBe(202);
    expect(world.stops[0]?.cause).toBe("stopped through Countersign");
  });

  test("that is repeated is accepted again, on the record again, and still the same end", async () => {
    const world = await Executions.running();
    const first = await world.stop();
    const again = await world.stop();
    expect([first.status, again.status]).toEqual([202, 202]);
    expect(again.body["requestId"]).not.toBe(first.body["requestId"]);
    expect(world.ledger.entries.map(({ action, outcome }) => [action, outcome])).toEqual([
      ["execution.stop_requested", "success"],
      ["execution.stop_requested", "success"],
    ]);
    expect(world.stepFunctions.executions.get(executionArn)).toMatchObject({
      status: "ABORTED",
      error: "Countersign.StopRequested",
    });
  });

  test.each([
    { status: "SUCCEEDED" },
    { status: "FAILED", error: "Countersign.StopRequested" },
    { status: "ABORTED", error: "Operator" },
    { status: "ABORTED" },
  ])("of an execution that ended as $status $error is a conflict, and refused on the record", async (end) => {
    const world = await Executions.running();
    world.stepFunctions.add({ executionArn, ...end });
    expect(await world.stop()).toMatchObject({ status: 409, body: { code: "execution.not_running" } });
    expect(world.ledger.only("execution.stop_requested")).toMatchObject({
      outcome: "denied",
      error: { code: "execution.not_running" },
      executionArn,
      startDate,
      subject: { sub: "ada" },
    });
    expect(world.stops).toEqual([]);
  });

  test("that another end overtakes is on the record as allowed, then as refused", async () => {
    const world = await Executions.running();
    const append = world.ledger.append.bind(world.ledger);
    world.ledger.append = async (fields) => {
      world.stepFunctions.add({ executionArn, status: "SUCCEEDED" });
      return append(fields);
    };
    expect((await world.stop()).status).toBe(409);
    expect(world.ledger.entries.map(({ outcome, error }) => [outcome, error?.code])).toEqual([
      ["success", undefined],
      ["denied", "execution.not_running"],
    ]);
  });

  test.each<[string, unknown, number, string]>([
    ["a number for a reason", { reason: 7 }, 400, "reason"],
    ["a reason that is too long", { reason: "x".repeat(1025) }, 400, "reason"],
    ["a reason that holds a token", { reason: `see ${jwtLike("a")}` }, 422, "reason"],
    ["a field nobody reads", { cause: "x" }, 400, "body"],
    ["a list", [], 400, "body"],
    ["no JSON", "stop", 400, "body"],
  ])("with %s is refused, and nothing is stopped", async (_kind, body, status, field) => {
    const world = await Executions.running();
    const answer = await world.stop({ body });
    expect(answer).toMatchObject({ status, body: { field } });
    expect(answer.text).not.toContain("eyJ");
    expect(world.stops).toEqual([]);
    const { outcome, error, executionArn: named } = world.ledger.only("execution.stop_requested");
    expect([outcome, error?.code, named]).toEqual(["denied", answer.body["code"], executionArn]);
    expect(JSON.stringify(world.ledger.entries)).not.toContain("eyJ");
  });
});
