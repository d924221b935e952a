import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import {
  InvokeCommand,
  type InvokeCommandInput,
  LambdaClient,
  ListFunctionsCommand,
} from "@aws-sdk/client-lambda";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { DiscardedEvent } from "./async-invocations.ts";
import { createLambdaEndpoint } from "./endpoint.ts";
import { createFunctionHost } from "./host.ts";

const entry = fileURLToPath(new URL("./fixtures/probe.ts", import.meta.url));
const lines: string[] = [];
const discarded: DiscardedEvent[] = [];
const host = createFunctionHost({
  functions: [{ name: "probe", entry, environment: {} }],
  onLog: (_name, line) => lines.push(line),
});
const lambda = createLambdaEndpoint({
  host,
  retryDelaysMs: [10, 20],
  onDiscarded: (event) => discarded.push(event),
});
const server: Server = createServer((request, response) => {
  if (!lambda.handle(request, response)) response.end("another service");
});
let client: LambdaClient;
let base = "";

beforeAll(async () => {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const credentials = { accessKeyId: "a", secretAccessKey: "b" };
  client = new LambdaClient({ endpoint: base, region: "us-east-1", credentials, maxAttempts: 1 });
});
beforeEach(() => {
  lines.length = 0;
  discarded.length = 0;
});
afterAll(async () => {
  client.destroy();
  server.close();
  server.closeAllConnections();
  await lambda.close();
  await host.close();
});

async function invoke(payload: unknown, more: Partial<InvokeCommandInput> = {}) {
  const input = { FunctionName: "probe", Payload: JSON.stringify(payload), ...more };
  const { Payload, ...output } = await client.send(new InvokeCommand(input));
  return { ...output, payload: Payload?.length ? JSON.parse(Payload.transformToString()) : undefined };
}

describe("a synchronous invocation", () => {
  it("answers with the function's result", async () => {
    expect(await invoke({ do: "echo", value: { a: "é" } })).toMatchObject({
      StatusCode: 200,
      ExecutedVersion: "$LATEST",
      payload: { a: "é" },
    });
    const FunctionName = "arn:aws:lambda:us-east-1:000000000000:function:probe";
    expect(await invoke({ do: "echo", value: 1 }, { FunctionName })).toMatchObject({ payload: 1 });
  });

  it("marks a function's error", async () => {
    expect(await invoke({ do: "throw", value: "no" })).toMatchObject({
      StatusCode: 200,
      FunctionError: "Unhandled",
      payload: { errorType: "RangeError", errorMessage: "no" },
    });
  });

  it("is refused for an unknown function, version or alias", async () => {
    for (const more of [{ FunctionName: "other" }, { FunctionName: "probe:live" }, { Qualifier: "3" }]) {
      await expect(invoke({}, more)).rejects.toMatchObject({
        name: "ResourceNotFoundException",
        message: expect.stringContaining(
          "Function not found: arn:aws:lambda:us-east-1:000000000000:function:",
        ),
        $metadata: { httpStatusCode: 404 },
      });
    }
  });

  it("is refused when its payload is no JSON or over 6 MB", async () => {
    await expect(invoke(0, { Payload: "{" })).rejects.toMatchObject({
      name: "InvalidRequestContentException",
    });
    await expect(invoke("x".repeat(6_291_456))).rejects.toMatchObject({
      name: "RequestTooLargeException",
      $metadata: { httpStatusCode: 413 },
    });
  });

  it("is refused when it asks for what is not supported", async () => {
    await expect(invoke({}, { LogType: "Tail" })).rejects.toThrow(
      "X-Amz-Log-Type: Tail is not supported here",
    );
    await expect(invoke({}, { ClientContext: "e30=" })).rejects.toThrow(
      "x-amz-client-context is not supported",
    );
  });
});

describe("an asynchronous invocation", () => {
  it("is accepted at once and run after", async () => {
    const accepted = await invoke({ do: "print", value: "ran" }, { InvocationType: "Event" });
    expect(accepted.StatusCode).toBe(202);
    await lambda.idle();
    await expect.poll(() => lines).toContain("ran");
  });

  it("is tried three times in all, then discarded", async () => {
    await invoke({ do: "throw", value: "always" }, { InvocationType: "Event" });
    await lambda.idle();
    expect(discarded).toEqual([
      {
        functionName: "probe",
        payload: { do: "throw", value: "always" },
        attempts: 3,
        failure: expect.objectContaining({ errorMessage: "always" }),
      },
    ]);
    await expect.poll(() => lines.filter((line) => line.includes("Invoke Error"))).toHaveLength(3);
  });

  it("is refused over 1 MB", async () => {
    await expect(invoke("x".repeat(1_048_576), { InvocationType: "Event" })).rejects.toMatchObject({
      name: "RequestTooLargeException",
    });
  });

  it("is not retried once the endpoint is closed", async () => {
    const closing = createLambdaEndpoint({ host, onDiscarded: (event) => discarded.push(event) });
    const other = createServer((request, response) => void closing.handle(request, response));
    other.listen(0, "127.0.0.1");
    await once(other, "listening");
    await fetch(
      `http://127.0.0.1:${(other.address() as AddressInfo).port}/2015-03-31/functions/probe/invocations`,
      {
        method: "POST",
        headers: { "x-amz-invocation-type": "Event" },
        body: JSON.stringify({ do: "throw", value: "once" }),
      },
    );
    await closing.close();
    expect(discarded).toEqual([]);
    other.close();
    other.closeAllConnections();
  });
});

describe("the endpoint", () => {
  it("answers a dry run without running anything", async () => {
    expect((await invoke({ do: "print", value: "never" }, { InvocationType: "DryRun" })).StatusCode).toBe(
      204,
    );
    expect(lines).toEqual([]);
  });

  it("refuses every other operation of Lambda, and leaves other paths alone", async () => {
    await expect(client.send(new ListFunctionsCommand({}))).rejects.toMatchObject({
      name: "UnknownOperationException",
    });
    expect(await (await fetch(`${base}/other`)).text()).toBe("another service");
  });
});
