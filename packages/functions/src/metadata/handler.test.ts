import { readFile } from "node:fs/promises";
import { parseConfig } from "@countersign/core/config/config";
import { describe, expect, test } from "vitest";
import { configInput, issuer } from "../../../core/test-support/fixtures.ts";
import { apiEvent, call, MemoryLog } from "../../test-support/api.ts";
import { openApiDocument } from "../api/openapi.ts";
import { metadataHandler } from "./handler.ts";

const published = new URL("../../../core/schema/entry.v1.schema.json", import.meta.url);
const config = parseConfig(
  configInput({
    roles: { clerk: { scopes: ["payout:clerk"] } },
    grant: { scopes: ["payments:write"] },
    agents: { allow: true, scopes: ["payout:agent"] },
    operate: { status: { scopes: ["payout:status"] }, stop: { scopes: ["payout:stop", "payout:start"] } },
  }),
);
const handler = metadataHandler(config, new MemoryLog());
const get = (path: string) => call(handler, `GET ${path}`, { token: null });

describe("what anyone may read", () => {
  test.each([
    "/openapi.json",
    "/schemas/entry.v1.json",
    "/.well-known/oauth-protected-resource",
  ])("%s needs no token and may be cached", async (path) => {
    const { status, headers } = await get(path);
    expect(status).toBe(200);
    expect(headers).toMatchObject({
      "content-type": "application/json",
      "cache-control": "public, max-age=300",
    });
  });

  test("is the document of the API, at the address it was asked at", async () => {
    const { body } = await get("/openapi.json");
    expect(body).toEqual({ ...openApiDocument, servers: [{ url: "https://gate.example" }] });
  });

  test("is the published schema of an entry, byte for byte", async () => {
    expect((await get("/schemas/entry.v1.json")).text).toBe(await readFile(published, "utf8"));
  });
});

describe("the protected resource's metadata (RFC 9728)", () => {
  test("names the resource, its issuers and every scope something here asks for, once", async () => {
    const { body } = await get("/.well-known/oauth-protected-resource");
    expect(body).toEqual({
      resource: "https://gate.example",
      authorization_servers: [issuer],
      scopes_supported: [
        "audit:read",
        "operations:write",
        "payments:write",
        "payout:agent",
        "payout:clerk",
        "payout:start",
        "payout:status",
        "payout:stop",
      ],
      bearer_methods_supported: ["header"],
      resource_name: "Countersign",
    });
  });

  test("leaves out what only agents need where no agent may start", async () => {
    const closed = parseConfig(configInput({ agents: { allow: false, scopes: ["payout:agent"] } }));
    const event = apiEvent("GET /.well-known/oauth-protected-resource", { token: null });
    const { body } = await metadataHandler(closed, new MemoryLog())(event, {} as never);
    expect(body).not.toContain("payout:agent");
  });
});
