import { createClient } from "@countersign/client/client";
import { ConnectionError } from "@countersign/client/errors";
import { afterEach, describe, expect, it } from "vitest";
import { executionArn } from "../testing/entry.ts";
import { serve, type TestAnswer, type TestServer } from "../testing/serve.ts";
import { waitForEnd } from "./wait-for-end.ts";

let server: TestServer | undefined;
afterEach(() => server?.close());

const status = (value: string): TestAnswer => ({ body: { executionArn, status: value } });
const trouble: TestAnswer = { status: 503, body: { code: "store.unavailable", detail: "busy", fix: "wait" } };

/** Waits for an execution that the API describes by one answer after another, the last one for good. */
async function wait(answers: readonly TestAnswer[], signal = new AbortController().signal) {
  const left = [...answers];
  server = await serve(() => (left.length > 1 ? left.shift() : left[0]) ?? {});
  const troubles: string[] = [];
  const client = createClient({ baseUrl: server.url, token: () => "token" });
  const onTrouble = (error: Error) => void troubles.push(error.message);
  return {
    execution: await waitForEnd(client, executionArn, { signal, onTrouble, firstWaitMs: 1 }),
    troubles,
  };
}

describe("waiting", () => {
  it.each(["SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"])("ends with %s", async (end) => {
    const { execution } = await wait([status("RUNNING"), status("PENDING_REDRIVE"), status(end)]);
    expect(execution.status).toBe(end);
  });

  it("goes on after trouble that passes, and tells of it", async () => {
    const { execution, troubles } = await wait([status("RUNNING"), trouble, status("SUCCEEDED")]);
    expect(execution.status).toBe("SUCCEEDED");
    expect(troubles).toEqual(["busy"]);
  });

  it("ends at once with a refusal", async () => {
    const refused = { status: 404, body: { code: "resource.not_found", detail: "none", fix: "look" } };
    await expect(wait([status("RUNNING"), refused])).rejects.toMatchObject({ status: 404 });
  });

  it("ends when it is interrupted", async () => {
    const abort = new AbortController();
    const waiting = wait([status("RUNNING")], abort.signal);
    const ended = expect(waiting).rejects.toMatchObject({ name: "AbortError" });
    abort.abort();
    await ended;
  });

  it("gives up where nothing answers any more", async () => {
    server = await serve(() => status("RUNNING"));
    server.close();
    const client = createClient({ baseUrl: server.url, token: () => "token" });
    let tries = 0;
    const waiting = waitForEnd(client, executionArn, {
      signal: new AbortController().signal,
      firstWaitMs: 1,
      onTrouble: () => {
        tries += 1;
      },
    });
    await expect(waiting).rejects.toBeInstanceOf(ConnectionError);
    expect(tries).toBe(7);
  });
});
