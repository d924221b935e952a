import { describe, expect, it } from "vitest";
import { exitCodes } from "../output/exit-codes.ts";
import type { EmbeddedRuntime } from "./runtime-file.ts";
import { chooseClient, scopesFor } from "./seeded-client.ts";

const client = (id: string, ...scopes: string[]) => ({ id, scopes, secretFile: `/state/${id}` });
const runtime: EmbeddedRuntime = {
  file: "/state/runtime.json",
  api: "http://127.0.0.1:9400",
  issuer: "http://127.0.0.1:9402",
  audience: "https://countersign.example/api",
  clients: [
    client("app", "payout:start"),
    client("operator", "operations:write", "audit:read"),
    client("auditor", "audit:read"),
  ],
};

describe("the client to act as", () => {
  it("is the first that has the scopes", () => {
    expect(chooseClient(runtime, ["audit:read"]).id).toBe("operator");
    expect(chooseClient(runtime, ["operations:write", "audit:read"]).id).toBe("operator");
    expect(chooseClient(runtime, "all").id).toBe("app");
  });

  it("is the one that is named, whatever its scopes", () => {
    expect(chooseClient(runtime, ["payout:start"], "auditor").id).toBe("auditor");
  });

  it("is answered with those there are where none fits", () => {
    expect(() => chooseClient(runtime, ["reports:read"])).toThrow(
      expect.objectContaining({
        message: "the embedded runtime has no client with the scope reports:read",
        fix: "give a token yourself; known are app, operator, auditor (/state/runtime.json)",
        exitCode: exitCodes.usage,
      }),
    );
    expect(() => chooseClient(runtime, "all", "nobody")).toThrow("has no client nobody");
    expect(() => chooseClient({ ...runtime, clients: [] }, "all")).toThrow("has no client at all");
  });
});

describe("the scopes to ask for", () => {
  it("are those that are needed, else all of the client's", () => {
    expect(scopesFor(client("operator", "a", "b"), ["a"])).toEqual(["a"]);
    expect(scopesFor(client("operator", "a", "b"), "all")).toEqual(["a", "b"]);
  });
});
