import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as oauth from "openid-client";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { refusalOf, secrets, startTestServer, type TestServer } from "./testing/test-server.ts";

let server: TestServer;
beforeEach(async () => {
  server = await startTestServer();
});
afterEach(async () => {
  vi.useRealTimers();
  await server.stop();
});

const accepts = async (secret: string) => {
  const asked = server.as("agent", secret).then((agent) => oauth.clientCredentialsGrant(agent));
  return asked.then(
    () => true,
    async () => {
      expect(await refusalOf(asked)).toEqual({ error: "invalid_client", status: 401 });
      return false;
    },
  );
};

describe("client secrets", () => {
  test("an added secret works beside the first", async () => {
    const { secret } = await server.addClientSecret("agent");
    expect(await accepts(secret)).toBe(true);
    expect(await accepts(secrets.agent)).toBe(true);
  });

  test("a retired one is refused at once, the other stays", async () => {
    const [first] = await server.listClientSecrets("agent");
    const { secret } = await server.addClientSecret("agent");
    await server.retireClientSecret("agent", first?.secretId ?? "");
    expect(await accepts(secrets.agent)).toBe(false);
    expect(await accepts(secret)).toBe(true);
  });

  test("one retired at a later time works until then", async () => {
    const [first] = await server.listClientSecrets("agent");
    await server.addClientSecret("agent");
    const endsAt = new Date(Date.now() + 60_000);
    await server.retireClientSecret("agent", first?.secretId ?? "", endsAt);
    expect(await accepts(secrets.agent)).toBe(true);
    expect(await server.listClientSecrets("agent")).toContainEqual({ ...first, endsAt });
    vi.useFakeTimers({ toFake: ["Date"], now: endsAt.getTime() });
    expect(await accepts(secrets.agent)).toBe(false);
  });

  test("at every point of ten rotations under load the current secret works", async () => {
    let current = secrets.agent;
    let failures = 0;
    let calls = 0;
    let isRotating = true;
    let call = accepts(current);
    const load = (async () => {
      while (isRotating) {
        calls += 1;
        call = accepts(current);
        if (!(await call)) failures += 1;
      }
    })();
    for (let count = 0; count < 10; count += 1) {
      const [old] = await server.listClientSecrets("agent");
      const { secret } = await server.addClientSecret("agent");
      expect(await accepts(secret)).toBe(true);
      current = secret;
      // Whoever read the former secret is through before that is retired.
      await call;
      await server.retireClientSecret("agent", old?.secretId ?? "");
    }
    isRotating = false;
    await load;
    expect(calls).toBeGreaterThan(5);
    expect(failures).toBe(0);
  });

  test("the last one can't be retired", async () => {
    const [only] = await server.listClientSecrets("agent");
    const retired = server.retireClientSecret("agent", only?.secretId ?? "");
    await expect(retired).rejects.toMatchObject({ code: "client_secret.last" });
  });

  test("a list holds ids and times, no secret", async () => {
    expect(await server.listClientSecrets("agent")).toEqual([
      { secretId: expect.any(String), createdAt: expect.any(Date) },
    ]);
  });

  test("unknown clients and secrets, and clients without secrets, are named", async () => {
    await expect(server.addClientSecret("nobody")).rejects.toMatchObject({ code: "client.not_found" });
    await expect(server.addClientSecret("browser")).rejects.toMatchObject({ code: "client.has_no_secret" });
    const unknown = server.retireClientSecret("agent", "no-such-id");
    await expect(unknown).rejects.toMatchObject({ code: "client_secret.not_found" });
  });
});

describe("a configured secret, after a restart", () => {
  test("that was retired stays retired, and a changed one takes its place", async () => {
    const folder = mkdtempSync(join(tmpdir(), "authorization-server-"));
    const path = join(folder, "state.sqlite");
    const restart = async (secret: string) => {
      await server.stop();
      const clients = [{ client_id: "agent", client_secret: secret, grant_types: ["client_credentials"] }];
      server = await startTestServer({ path, clients });
    };
    try {
      await restart("first");
      const [first] = await server.listClientSecrets("agent");
      const { secret } = await server.addClientSecret("agent");
      await server.retireClientSecret("agent", first?.secretId ?? "");
      await restart("first");
      expect([await accepts("first"), await accepts(secret)]).toEqual([false, true]);
      await restart("second");
      expect([await accepts("second"), await accepts(secret)]).toEqual([true, true]);
      await restart("third");
      expect([await accepts("second"), await accepts("third")]).toEqual([false, true]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
