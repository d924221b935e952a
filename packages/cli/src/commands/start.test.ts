import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { exitCodes } from "../output/exit-codes.ts";
import { run } from "../program.ts";
import { memoryTerminal } from "../testing/memory-terminal.ts";

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

/** An address where connections are accepted and cut off at the first byte of a request. */
async function cuttingOff(): Promise<string> {
  const server = createServer((socket) => {
    socket.on("error", () => undefined).once("data", () => socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  closers.push(() => server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** An address where nobody listens any more. */
async function nowhere(): Promise<string> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return `http://127.0.0.1:${port}`;
}

async function start(env: NodeJS.ProcessEnv, ...args: string[]) {
  const terminal = memoryTerminal({ env });
  const exitCode = await run(["start", "payout", ...args], terminal);
  return { exitCode, err: terminal.noticed.join("\n") };
}

function stateFolder(api: string, issuer: string): string {
  const folder = mkdtempSync(join(tmpdir(), "countersign-start-"));
  closers.push(() => rmSync(folder, { recursive: true }));
  const clients = { app: { secretFile: "app", scopes: ["payout:start"] } };
  writeFileSync(join(folder, "app"), "secret", { mode: 0o600 });
  writeFileSync(
    join(folder, "runtime.json"),
    JSON.stringify({ api, issuer, audience: "https://api", clients }),
    { mode: 0o600 },
  );
  return folder;
}

describe("a start without an answer", () => {
  it("that broke off may have been carried out, so the same key is to be used again", async () => {
    const env = { COUNTERSIGN_API: await cuttingOff(), COUNTERSIGN_TOKEN: "opaque-access-token" };
    const { exitCode, err } = await start(env, "--idempotency-key", "invoice-1207");
    expect(exitCode).toBe(exitCodes.unavailable);
    expect(err).toContain("if it was started is not known");
    expect(err).toContain("--idempotency-key invoice-1207");
  });

  it("started nothing where nobody listens", async () => {
    const env = { COUNTERSIGN_API: await nowhere(), COUNTERSIGN_TOKEN: "opaque-access-token" };
    const { exitCode, err } = await start(env);
    expect(exitCode).toBe(exitCodes.unavailable);
    expect(err).toMatch(/^error: no answer from .*connection refused\nfix: {3}start the embedded runtime/);
    expect(err).not.toContain("not known");
  });

  it("started nothing where the identity provider was the one that broke off", async () => {
    const folder = stateFolder(await nowhere(), await cuttingOff());
    const { exitCode, err } = await start({}, "--state-dir", folder);
    expect(exitCode).toBe(exitCodes.unavailable);
    expect(err).toContain("no answer from the identity provider");
    expect(err).not.toContain("not known");
  });
});
