import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import { createFunctionHost, type FunctionSpec } from "./host.ts";

const lines: string[] = [];
const host = createFunctionHost({
  functions: [
    probe("probe"),
    probe("brief", { timeoutSeconds: 0.2 }),
    probe("shared", { timeoutSeconds: 1 }),
    probe("fragile"),
    probe("configured", { environment: { TABLE: "ledger" } }),
    probe("missing", { entry: fixture("missing-import.js") }),
    probe("nameless", { entry: fixture("no-handler.js") }),
    probe("callback", { entry: fixture("callback.js") }),
    probe("common", { entry: fixture("common.cjs"), handler: "run" }),
  ],
  onLog: (name, line) => lines.push(`${name}: ${line}`),
});
afterAll(() => host.close());

function fixture(name: string): string {
  return fileURLToPath(new URL(`./fixtures/${name}`, import.meta.url));
}

function probe(name: string, more: Partial<FunctionSpec> = {}): FunctionSpec {
  return { name, entry: fixture("probe.ts"), environment: {}, ...more };
}

describe("a function", () => {
  it("answers with what its handler returns, as JSON", async () => {
    expect(await host.invoke("probe", { do: "echo", value: { a: [1, "b", null] } })).toEqual({
      payload: { a: [1, "b", null] },
    });
    expect(await host.invoke("probe", { do: "date" })).toEqual({
      payload: { at: "1970-01-01T00:00:00.000Z" },
    });
    expect(await host.invoke("probe", { do: "nothing" })).toEqual({ payload: null });
  });

  it("is found by name, partial ARN and ARN, and by nothing else", async () => {
    const arn = "arn:aws:lambda:us-east-1:000000000000:function:probe";
    for (const name of [arn, `${arn}:$LATEST`, "000000000000:function:probe", "probe:$LATEST"]) {
      expect(await host.invoke(name, { do: "echo", value: 1 })).toEqual({ payload: 1 });
    }
    for (const name of ["other", `${arn}:live`, arn.replace("us-east-1", "eu-west-1"), "probe/../x"]) {
      await expect(host.invoke(name, {})).rejects.toMatchObject({
        code: "ResourceNotFoundException",
        statusCode: 404,
      });
    }
  });

  it("gets Lambda's context", async () => {
    const { payload } = await host.invoke("probe", { do: "context" });
    expect(payload).toMatchObject({
      awsRequestId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      functionName: "probe",
      functionVersion: "$LATEST",
      invokedFunctionArn: "arn:aws:lambda:us-east-1:000000000000:function:probe",
      memoryLimitInMB: "1024",
      logGroupName: "/aws/lambda/probe",
    });
    expect((payload as { remaining: number }).remaining).toBeGreaterThan(10_000);
    expect((payload as { remaining: number }).remaining).toBeLessThanOrEqual(20_000);
  });

  it("sees its own environment and nothing of this process", async () => {
    process.env["COUNTERSIGN_TEST_LEAK"] = "leaked";
    const { payload } = await host.invoke("configured", { do: "environment" });
    delete process.env["COUNTERSIGN_TEST_LEAK"];
    expect(payload).toMatchObject({
      TABLE: "ledger",
      AWS_REGION: "us-east-1",
      AWS_LAMBDA_FUNCTION_NAME: "configured",
      _HANDLER: "probe.handler",
    });
    expect(payload).not.toHaveProperty("COUNTERSIGN_TEST_LEAK");
    expect(payload).not.toHaveProperty("HOME");
  });

  it("reaches the endpoints its environment names through an SDK client without options", async () => {
    const targets: unknown[] = [];
    const server = createServer((request, response) => {
      targets.push(request.headers["x-amz-target"]);
      response.end('{"TableNames":["ledger"]}');
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    const AWS_ENDPOINT_URL_DYNAMODB = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const wired = createFunctionHost({
      functions: [probe("wired", { environment: { AWS_ENDPOINT_URL_DYNAMODB } })],
    });
    expect(await wired.invoke("wired", { do: "list-tables" })).toEqual({ payload: ["ledger"] });
    expect(targets).toEqual(["DynamoDB_20120810.ListTables"]);
    await wired.close();
    server.close();
    server.closeAllConnections();
  });

  it("may be a CommonJS file with a handler of another name", async () => {
    expect(await host.invoke("common", { a: 1 })).toEqual({ payload: { ran: { a: 1 } } });
  });

  it("hands its output over line by line, with its name", async () => {
    await host.invoke("probe", { do: "print", value: "one\ntwo" });
    await expect
      .poll(() => lines)
      .toEqual(expect.arrayContaining(["probe: one", "probe: two", "probe: to stderr"]));
  });
});

describe("a failing function", () => {
  it("answers with what was thrown, in Lambda's shape", async () => {
    const result = await host.invoke("probe", { do: "throw", value: "out of range" });
    expect(result).toEqual({
      functionError: "Unhandled",
      payload: { errorType: "RangeError", errorMessage: "out of range", trace: expect.any(Array) },
    });
    expect((result.payload as { trace: string[] }).trace[0]).toBe("RangeError: out of range");
    expect(await host.invoke("probe", { do: "throw", value: "text" })).toEqual({
      functionError: "Unhandled",
      payload: { errorType: "string", errorMessage: "just text", trace: [] },
    });
    await expect.poll(() => lines.filter((line) => line.includes("Invoke Error")).length).toBeGreaterThan(1);
  });

  it("fails when its result is no JSON", async () => {
    expect(await host.invoke("probe", { do: "circular" })).toMatchObject({
      functionError: "Unhandled",
      payload: { errorMessage: "Unable to stringify response body" },
    });
  });

  it("times out in Lambda's words, and starts afresh", async () => {
    const { payload, functionError } = await host.invoke("brief", { do: "sleep", ms: 60_000 });
    expect(functionError).toBe("Unhandled");
    expect(payload).toEqual({
      errorType: "Sandbox.Timedout",
      errorMessage: expect.stringMatching(
        /^RequestId: [0-9a-f-]{36} Error: Task timed out after 0\.20 seconds$/,
      ),
    });
    expect(await host.invoke("brief", { do: "calls" })).toEqual({ payload: 1 });
  });

  it("times out even when it never yields, without holding up the next invocation", async () => {
    expect(await host.invoke("brief", { do: "spin" })).toMatchObject({
      payload: { errorType: "Sandbox.Timedout" },
    });
    expect(await host.invoke("brief", { do: "calls" })).toEqual({ payload: 1 });
  });

  it("leaves the invocations beside it alone when it times out", async () => {
    const slow = host.invoke("shared", { do: "sleep", ms: 60_000 });
    await host.invoke("shared", { do: "sleep", ms: 600 });
    const beside = host.invoke("shared", { do: "sleep", ms: 600, value: "done" });
    expect(await slow).toMatchObject({ payload: { errorType: "Sandbox.Timedout" } });
    expect(await host.invoke("shared", { do: "calls" })).toEqual({ payload: 1 });
    expect(await beside).toEqual({ payload: "done" });
  });

  it("fails everything in flight when its thread ends, and starts afresh", async () => {
    const waiting = host.invoke("fragile", { do: "sleep", ms: 10_000 });
    const exiting = host.invoke("fragile", { do: "exit", value: 3 });
    for (const result of await Promise.all([waiting, exiting])) {
      expect(result).toEqual({
        functionError: "Unhandled",
        payload: {
          errorType: "Runtime.ExitError",
          errorMessage: expect.stringMatching(
            /^RequestId: [0-9a-f-]{36} Error: Runtime exited with error: exit status 3$/,
          ),
        },
      });
    }
    expect(await host.invoke("fragile", { do: "calls" })).toEqual({ payload: 1 });
  });

  it("fails with what it threw outside its handler, or left rejected", async () => {
    expect(await host.invoke("fragile", { do: "crash" })).toMatchObject({
      functionError: "Unhandled",
      payload: { errorType: "RangeError", errorMessage: "thrown outside the handler" },
    });
    expect(await host.invoke("fragile", { do: "reject" })).toMatchObject({
      functionError: "Unhandled",
      payload: {
        errorType: "Runtime.UnhandledPromiseRejection",
        errorMessage: "Error: nobody caught it",
      },
    });
  });

  it("says why its entry can't be used", async () => {
    const types = await Promise.all(
      ["missing", "nameless", "callback"].map(async (name) => (await host.invoke(name, {})).payload),
    );
    expect(types).toEqual([
      expect.objectContaining({ errorType: "Runtime.ImportModuleError" }),
      expect.objectContaining({ errorType: "Runtime.HandlerNotFound" }),
      expect.objectContaining({ errorType: "Runtime.CallbackHandlerDeprecated" }),
    ]);
  });
});

describe("the host", () => {
  it("warms functions, and names the one that does not start", async () => {
    await host.warm(["probe"]);
    await expect(host.warm(["probe", "missing"])).rejects.toThrow(
      /function missing does not start: Runtime.ImportModuleError: Cannot find module/,
    );
  });

  it("refuses a payload over 6 MB and a result over 6 MB", async () => {
    await expect(host.invoke("probe", { do: "echo", value: "x".repeat(6_291_456) })).rejects.toMatchObject({
      code: "RequestTooLargeException",
      statusCode: 413,
    });
    expect(await host.invoke("probe", { do: "large", value: 6_291_556 })).toMatchObject({
      functionError: "Unhandled",
      payload: { errorType: "Function.ResponseSizeTooLarge" },
    });
  });

  it("refuses unusable specs", () => {
    const create = (...functions: FunctionSpec[]) => createFunctionHost({ functions });
    expect(() => create(probe("a"), probe("a"))).toThrow("function a is declared twice");
    expect(() => create(probe("a", { entry: "a.ts" }))).toThrow('entry is "a.ts", expected an absolute path');
    expect(() => create(probe("a", { timeoutSeconds: 901 }))).toThrow("timeoutSeconds is 901");
    expect(() => create(probe("000000000000:function:a"))).toThrow("expected a bare name");
  });

  it("fails what runs when it closes, and runs nothing after", async () => {
    const closing = createFunctionHost({ functions: [probe("probe")] });
    await closing.warm(["probe"]);
    const running = closing.invoke("probe", { do: "sleep", ms: 10_000 });
    await closing.close();
    expect(await running).toMatchObject({ payload: { errorType: "Runtime.ExitError" } });
    await expect(closing.invoke("probe", {})).rejects.toThrow("the function host is closed");
  });
});
