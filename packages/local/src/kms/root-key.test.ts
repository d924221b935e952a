import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, unlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openDatabase } from "../wire/database.ts";
import { createKms } from "./kms.ts";

let folder: string;
let keyFile: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "kms-root-"));
  keyFile = join(folder, "keys", "root.key");
});

afterEach(() => rmSync(folder, { recursive: true }));

function open() {
  const database = openDatabase(join(folder, "state.sqlite"));
  try {
    return createKms({ database, keyFile });
  } finally {
    database.close();
  }
}

describe("the root key", () => {
  it("is made once, 32 bytes for its owner alone", () => {
    open();
    const first = readFileSync(keyFile);
    expect(first).toHaveLength(32);
    expect(statSync(keyFile).mode & 0o777).toBe(0o600);
    open();
    expect(readFileSync(keyFile)).toEqual(first);
  });

  it("is not made anew when keys depend on it", () => {
    open();
    unlinkSync(keyFile);
    expect(open).toThrow("ENOENT");
  });

  it("is refused when it is another one", () => {
    open();
    writeFileSync(keyFile, Buffer.alloc(32, 7));
    expect(open).toThrow("another root key");
  });

  it("is refused when others may read it", () => {
    open();
    chmodSync(keyFile, 0o644);
    expect(open).toThrow("has mode 644, expected 600");
  });

  it("is refused when it is cut short", () => {
    open();
    writeFileSync(keyFile, Buffer.alloc(31));
    expect(open).toThrow("has 31 bytes, expected 32");
  });

  it("gives the other stand-ins a cipher bound to a context", () => {
    const secret = Buffer.from("hunter2");
    const sealed = open().cipher.encrypt(secret, { id: "a" });
    expect(Buffer.from(open().cipher.decrypt(sealed, { id: "a" }))).toEqual(secret);
    expect(() => open().cipher.decrypt(sealed, { id: "b" })).toThrow();
  });
});
