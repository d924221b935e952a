import { DescribeExecutionCommand } from "@aws-sdk/client-sfn";
import { expect } from "vitest";
import { personToken } from "../../support/person-token.ts";
import { statusEvent } from "../../support/status-events.ts";
import { type DeployedFunctions, sub } from "./deployed.ts";

const start = "/workflows/payout/executions";
const passed = { batchItemFailures: [] };

/** Has every function do everything it is there for, and what it does when that fails. */
export async function doEverything(functions: DeployedFunctions): Promise<void> {
  const { caller, runtime } = functions.embedded;
  const person = await personToken(functions.embedded, sub);
  const executionArn = await startAndBeRefused(functions, person);
  await operate(functions, executionArn, person);
  await record(functions, executionArn);
  await revoke(functions);
  await ask(functions, { executionArn, iss: runtime.urls.issuer });
  const operator = await caller.token("operator", "operations:write");
  await workOffLetters(functions, operator);
  const erasure = { iss: runtime.urls.issuer, sub };
  await answers(functions, 200, "POST", "/operations/subjects/erase", operator, erasure);
  expect(await functions.invoke("sweeper")).toMatchObject({ failed: 0 });
  expect(await functions.invoke("reconciler")).toMatchObject({ isComplete: true, failed: 0 });
}

async function startAndBeRefused(functions: DeployedFunctions, person: string): Promise<string> {
  const { caller } = functions.embedded;
  const reports = await caller.token("reports-app", "reports:read");
  await answers(functions, 401, "POST", start, "no-token-of-anybodys", { input: {} });
  await answers(functions, 403, "POST", start, reports, { input: {} });
  await answers(functions, 201, "POST", start, person, { input: { amount: 1 } });
  const app = await caller.token("payments-app", "payout:start");
  const { body } = await answers(functions, 201, "POST", start, app, { input: { amount: 2 } });
  return String(body["executionArn"]);
}

async function operate(functions: DeployedFunctions, executionArn: string, person: string): Promise<void> {
  const app = await functions.embedded.caller.token("payments-app", "payout:start");
  const path = `/executions/${encodeURIComponent(executionArn)}`;
  await answers(functions, 200, "GET", path, app);
  await answers(functions, 404, "GET", path, person);
  const { status } = await functions.request("POST", `${path}/stop`, app, {});
  // It may have ended by itself by now.
  expect([200, 409]).toContain(status);
}

async function record(functions: DeployedFunctions, executionArn: string): Promise<void> {
  const command = new DescribeExecutionCommand({ executionArn });
  const { name = "", startDate, input } = await functions.embedded.sfn.send(command);
  const own = { startDate: startDate?.getTime(), input };
  const event = (fields: Parameters<typeof statusEvent>[0]) => JSON.stringify(statusEvent(fields));
  for (const status of ["RUNNING", "FAILED"]) {
    expect(await functions.deliver("recorder", event({ name, status, detail: own }))).toEqual(passed);
  }
  const claim = JSON.stringify({ AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID: executionArn });
  const nested = event({
    name: "nested",
    status: "RUNNING",
    detail: { startDate: Date.now(), input: claim },
  });
  expect(await functions.deliver("recorder", nested)).not.toEqual(passed);
  const bare = { startDate: Date.now(), input: null, inputDetails: { included: false } };
  const child = event({ name: "child", machine: "payout/Each", status: "RUNNING", detail: bare });
  // Step Functions knows no such child: whether it is waited for is not the question here.
  await functions.deliver("recorder", child);
  // Given up at once, the one for what it is, the other for how often it came.
  expect(await functions.deliver("recorder", "{")).toEqual(passed);
  expect(await functions.deliver("recorder", event({ name: "kills", status: "RUNNING" }), 50)).toEqual(
    passed,
  );
}

async function revoke(functions: DeployedFunctions): Promise<void> {
  const hints = await functions.taken("Revocations");
  expect(hints).toHaveLength(1);
  for (const hint of hints) expect(await functions.deliver("revoker", hint)).toEqual(passed);
  expect(await functions.deliver("revoker", "{")).toEqual(passed);
}

async function ask(
  functions: DeployedFunctions,
  { executionArn, iss }: { executionArn: string; iss: string },
) {
  const auditor = await functions.embedded.caller.token("auditor", "audit:read");
  const questions: Record<string, string>[] = [
    {},
    { executionArn },
    { workflow: "payout" },
    { clientId: "payments-app" },
    { iss, sub },
    { scope: "payout:start" },
    { outcome: "failure" },
  ];
  for (const question of questions) {
    const path = `/audit/entries?${new URLSearchParams(question)}`;
    const { body } = await answers(functions, 200, "GET", path, auditor);
    expect(body["entries"], path).not.toEqual([]);
  }
}

async function workOffLetters(functions: DeployedFunctions, operator: string): Promise<void> {
  const { body } = await answers(functions, 200, "GET", "/operations/dead-letters", operator);
  expect(body["deadLetters"]).toHaveLength(3);
  const redrive = await answers(functions, 200, "POST", "/operations/dead-letters/redrive", operator, {});
  expect(redrive.body["redriven"]).toHaveLength(1);
}

async function answers(
  functions: DeployedFunctions,
  expected: number,
  ...request: Parameters<DeployedFunctions["request"]>
) {
  const answer = await functions.request(...request);
  expect(answer.status, JSON.stringify(answer.body)).toBe(expected);
  return answer;
}
