import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { engineVersion, resolveEngine } from "./resolve-engine.ts";

const run = promisify(execFile);
const variable = "npm_config_registry";
const configured = process.env[variable];
let directory = "";

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "engine-"));
});
afterEach(async () => {
  if (configured === undefined) delete process.env[variable];
  else process.env[variable] = configured;
  await rm(directory, { recursive: true });
});

/** Serves one package as npm's registry does, on loopback. */
async function serveRegistry(name: string): Promise<Disposable & { requests: string[] }> {
  const folder = join(directory, "package");
  await mkdir(folder);
  await writeFile(join(folder, "package.json"), JSON.stringify({ name, version: engineVersion }));
  await writeFile(join(folder, "dynoxide"), "#!/bin/sh\necho served\n");
  await chmod(join(folder, "dynoxide"), 0o755);
  await run("tar", ["-czf", join(directory, "package.tgz"), "-C", directory, "package"]);
  const tarball = await readFile(join(directory, "package.tgz"));
  const requests: string[] = [];
  const server = createServer((request, response) => {
    requests.push(decodeURIComponent(request.url ?? ""));
    if (request.url?.endsWith(".tgz")) return response.end(tarball);
    const integrity = `sha512-${createHash("sha512").update(tarball).digest("base64")}`;
    const dist = { tarball: `${registry}/package.tgz`, integrity };
    const versions = { [engineVersion]: { name, version: engineVersion, dist } };
    return response.end(JSON.stringify({ name, "dist-tags": { latest: engineVersion }, versions }));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const registry = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  process.env[variable] = registry;
  return {
    requests,
    [Symbol.dispose]: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

describe("resolveEngine", () => {
  it("installs a platform's package by name when it is nowhere, and finds it the next time", async () => {
    const name = "@dynoxide/darwin-arm64";
    using registry = await serveRegistry(name);
    const options = { stateDirectory: directory, platform: "darwin", arch: "arm64" } as const;
    const path = await resolveEngine(options);
    expect((await run(path)).stdout).toBe("served\n");
    expect(registry.requests[0]).toBe(`/${name}`);
    const asked = registry.requests.length;
    expect(await resolveEngine(options)).toBe(path);
    expect(registry.requests).toHaveLength(asked);
  });

  it("names the package and the setting when npm can't install it", async () => {
    process.env[variable] = "http://127.0.0.1:9/";
    process.env["npm_config_fetch_retries"] = "0";
    const resolving = resolveEngine({ stateDirectory: directory, platform: "linux", arch: "riscv64" });
    await expect(resolving).rejects.toThrow(
      `no DynamoDB engine: @dynoxide/linux-riscv64@${engineVersion} is not installed and npm could not install it; ` +
        "set COUNTERSIGN_DYNAMODB_ENDPOINT to any DynamoDB endpoint",
    );
    delete process.env["npm_config_fetch_retries"];
  });

  it("refuses Windows, where the engine can't be supervised", async () => {
    const resolving = resolveEngine({ stateDirectory: directory, platform: "win32", arch: "x64" });
    await expect(resolving).rejects.toThrow("COUNTERSIGN_DYNAMODB_ENDPOINT");
  });
});
