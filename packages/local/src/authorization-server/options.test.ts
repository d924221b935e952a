import { describe, expect, test } from "vitest";
import type { AuthorizationServerOptions } from "./options.ts";
import { startTestServer } from "./testing/test-server.ts";

const start = (options: Partial<AuthorizationServerOptions>) => startTestServer(options);

describe("options are refused with the option named", () => {
  test.each<[string, Partial<AuthorizationServerOptions>, RegExp]>([
    [
      "an unknown default resource",
      { defaultResource: "https://x.example" },
      /defaultResource is "https:\/\/x/,
    ],
    [
      "an audience that is no URI",
      { resources: [{ audience: "payments", scopes: ["a"], accessTokenFormat: "jwt" }] },
      /audience "payments" is not an absolute URI/,
    ],
    ["a person twice", { accounts: [{ sub: "a" }, { sub: "a" }] }, /accounts: sub "a" appears twice/],
    ["a person named like a client", { accounts: [{ sub: "agent" }] }, /"agent" is also a client_id/],
    ["a claim the server sets", { accounts: [{ sub: "a", claims: { act: {} } }] }, /hold "act"/],
    [
      "a client without a redirect URI",
      { clients: [{ client_id: "c", client_secret: "s" }] },
      /clients: "c": redirect_uris/,
    ],
    [
      "a client with a right that is no boolean",
      {
        clients: [
          {
            client_id: "c",
            grant_types: [],
            token_endpoint_auth_method: "none",
            ...{ may_introspect: 1 as never },
          },
        ],
      },
      /may_introspect must be a boolean/,
    ],
  ])("%s", async (_name, options, message) => {
    await expect(start(options)).rejects.toMatchObject({
      code: "options.invalid",
      message: expect.stringMatching(message),
    });
  });
});
