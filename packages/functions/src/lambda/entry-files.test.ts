import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseConfig } from "@countersign/core/config/config";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { configInput } from "../../../core/test-support/fixtures.ts";
import { apiEvent } from "../../test-support/api.ts";

const functions = readdirSync(import.meta.dirname).filter((file) => !file.endsWith(".test.ts"));

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "entry-files-"));
  vi.resetModules();
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

test.each(
  functions,
)("%s does not start without its settings, and names the first that is missing", async (file) => {
  for (const name of Object.keys(process.env).filter((name) => /^(COUNTERSIGN|AWS)_/.test(name))) {
    vi.stubEnv(name, undefined);
  }
  await expect(import(join(import.meta.dirname, file))).rejects.toThrow(
    /^environment variable COUNTERSIGN_[A-Z_]+ is not set$/,
  );
});

test("metadata.ts answers from the configuration that its environment names", async () => {
  const file = join(folder, "config.json");
  writeFileSync(file, JSON.stringify(parseConfig(configInput())));
  vi.stubEnv("COUNTERSIGN_CONFIG_FILE", file);
  const { handler } = await import("./metadata.ts");
  const route = "GET /.well-known/oauth-protected-resource";
  const { statusCode, body = "" } = await handler(apiEvent(route, { token: null }), {} as never);
  expect(statusCode).toBe(200);
  expect(JSON.parse(body)).toMatchObject({ authorization_servers: ["https://issuer.example"] });
});
