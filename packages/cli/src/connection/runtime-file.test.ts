import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { exitCodes } from "../output/exit-codes.ts";
import { findRuntime, readSecret } from "./runtime-file.ts";

let home: string;

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "countersign-home-"));
});
afterEach(() => rmSync(home, { recursive: true }));

const content = {
  api: "http://127.0.0.1:9400",
  issuer: "http://127.0.0.1:9402",
  audience: "https://countersign.example/api",
  clients: { app: { secretFile: "clients/app.secret", scopes: ["payout:start"] } },
  pid: 1,
};

/** Writes a runtime file into a state folder of `folder`, and returns its path. */
function put(folder: string, value: unknown, name = ".countersign"): string {
  mkdirSync(join(folder, name), { recursive: true });
  const file = join(folder, name, "runtime.json");
  writeFileSync(file, typeof value === "string" ? value : JSON.stringify(value), { mode: 0o600 });
  return file;
}

const find = (cwd: string, stateDir?: string, env = {}) => findRuntime({ cwd, stateDir, env });

describe("the runtime file", () => {
  it("is that of the nearest state folder from the working folder upward", async () => {
    const file = put(home, content);
    const deep = join(home, "a", "b");
    mkdirSync(deep, { recursive: true });
    expect(await find(deep)).toEqual({
      file,
      api: content.api,
      issuer: content.issuer,
      audience: content.audience,
      clients: [
        { id: "app", scopes: ["payout:start"], secretFile: join(home, ".countersign/clients/app.secret") },
      ],
    });
    const nearer = put(join(home, "a"), content);
    expect((await find(deep))?.file).toBe(nearer);
  });

  it("is not there before a first start", async () => {
    expect(await find(home)).toBeUndefined();
  });

  it("is that of the folder that is named, by option before environment", async () => {
    const one = put(home, content, "one");
    const two = put(home, content, "two");
    const env = { COUNTERSIGN_STATE_DIR: join(home, "one") };
    expect((await find("/", undefined, env))?.file).toBe(one);
    expect((await find(home, "two", env))?.file).toBe(two);
  });

  it("must exist in a folder that is named", async () => {
    await expect(find(home, "none")).rejects.toMatchObject({
      message: `${join(home, "none/runtime.json")} does not exist`,
      exitCode: exitCodes.unavailable,
    });
  });

  it.each([
    ['{"api": "http', "is not JSON"],
    ["[]", "is malformed: the file is not an object"],
    [{ ...content, api: 5 }, "is malformed: api is not a string"],
    [{ ...content, issuer: undefined }, "is malformed: issuer is not a string"],
    [{ ...content, clients: undefined }, "is malformed: clients is not an object"],
    [
      { ...content, clients: { app: { secretFile: "a" } } },
      "is malformed: clients.app.scopes is not a list of strings",
    ],
    [
      { ...content, clients: { app: { scopes: [] } } },
      "is malformed: clients.app.secretFile is not a string",
    ],
  ])("that is garbled (%j) is refused with what is wrong", async (value, problem) => {
    const file = put(home, value);
    await expect(find(home)).rejects.toMatchObject({
      message: `${file} ${problem}`,
      fix: expect.stringContaining("countersign up"),
      exitCode: exitCodes.unavailable,
    });
  });

  it.each([
    "../../etc/passwd",
    "/etc/passwd",
  ])("that names the secret %s outside of its folder is refused", async (secretFile) => {
    put(home, { ...content, clients: { app: { secretFile, scopes: [] } } });
    await expect(find(home)).rejects.toThrow("expected one inside its folder");
  });

  it("that others may write is refused, for it says where tokens are sent", async () => {
    chmodSync(put(home, content), 0o666);
    await expect(find(home)).rejects.toThrow("can be written by, somebody else");
  });
});

describe("the secret of a client", () => {
  it("is read without the line's end, and named when it is gone", async () => {
    const secretFile = join(home, "app.secret");
    writeFileSync(secretFile, "s3cret\n");
    const client = { id: "app", secretFile, scopes: [] };
    expect(await readSecret(client)).toBe("s3cret");
    rmSync(secretFile);
    await expect(readSecret(client)).rejects.toMatchObject({
      message: `the secret of client app cannot be read from ${secretFile} (ENOENT)`,
      exitCode: exitCodes.unavailable,
    });
  });
});
