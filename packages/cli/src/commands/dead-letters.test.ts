import { afterEach, describe, expect, it } from "vitest";
import { exitCodes } from "../output/exit-codes.ts";
import { run } from "../program.ts";
import { memoryTerminal } from "../testing/memory-terminal.ts";
import { serve, type TestServer } from "../testing/serve.ts";

let server: TestServer | undefined;
afterEach(() => server?.close());

/** Redrives `ids` where the queue holds `held` alone. */
async function redrive(held: readonly string[], ...ids: string[]) {
  server = await serve(({ body }) => {
    const { ids: wanted = held } = JSON.parse(body) as { ids?: string[] };
    return { body: { redriven: wanted.filter((id) => held.includes(id)), kept: [] } };
  });
  const env = { COUNTERSIGN_API: server.url, COUNTERSIGN_TOKEN: "opaque-access-token" };
  const terminal = memoryTerminal({ env });
  const exitCode = await run(["dead-letters", "redrive", ...ids], terminal);
  return { exitCode, out: terminal.printed.join(""), err: terminal.noticed.join("\n") };
}

describe("redriving", () => {
  it("ids of which none is found names them and is refused", async () => {
    expect(await redrive(["a"], "nope", "none")).toEqual({
      exitCode: exitCodes.refused,
      out: "",
      err: 'error: no dead letter was found by the id nope or none\nfix:   see the ids with "countersign dead-letters list"',
    });
  });

  it("ids of which one is found sends that back and names the other", async () => {
    expect(await redrive(["a"], "a", "nope")).toEqual({
      exitCode: exitCodes.ok,
      out: "redriven  a\n",
      err: "no dead letter was found by the id nope",
    });
  });

  it("all of none is done with nothing to do", async () => {
    expect(await redrive([])).toEqual({ exitCode: exitCodes.ok, out: "nothing to redrive\n", err: "" });
  });
});
