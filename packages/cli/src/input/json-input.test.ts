import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { afterAll, describe, expect, it } from "vitest";
import { exitCodes } from "../output/exit-codes.ts";
import { readInput } from "./json-input.ts";

const folder = mkdtempSync(join(tmpdir(), "countersign-input-"));
afterAll(() => rmSync(folder, { recursive: true }));

const none = Readable.from([]);

function file(name: string, content: string): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

describe("the input", () => {
  it("is none unless given", async () => {
    expect(await readInput({}, none)).toBeUndefined();
  });

  it("comes from the command line, a file or standard input", async () => {
    expect(await readInput({ input: '{"amount":1}' }, none)).toEqual({ amount: 1 });
    expect(await readInput({ inputFile: file("a.json", '\uFEFF{"amount":2}') }, none)).toEqual({ amount: 2 });
    expect(await readInput({ inputFile: "-" }, Readable.from(['{"amo', 'unt":3}']))).toEqual({ amount: 3 });
  });

  it("is answered with line and column where it is not JSON, and never quoted", async () => {
    const path = file("bad.json", '{\n  "iban": "DE89370400440532013000",\n  "amount": 4,\n}\n');
    const error = await readInput({ inputFile: path }, none).catch((error: unknown) => error);
    expect(error).toMatchObject({
      message: `${path} is not usable JSON: line 4, column 1: expected a name in double quotes`,
      exitCode: exitCodes.usage,
    });
    expect(JSON.stringify(error)).not.toContain("DE89");
  });

  it.each([
    ["[1]", "an array"],
    ["null", "null"],
    ["4", "a number"],
    ['"text"', "a string"],
  ])("is an object, so %s is refused", async (input, kind) => {
    await expect(readInput({ input }, none)).rejects.toMatchObject({
      message: `--input is ${kind}, expected a JSON object`,
      exitCode: exitCodes.usage,
    });
  });

  it("names a file that is absent or a folder", async () => {
    await expect(readInput({ inputFile: join(folder, "none") }, none)).rejects.toMatchObject({
      message: `the file ${join(folder, "none")} does not exist`,
      exitCode: exitCodes.usage,
    });
    await expect(readInput({ inputFile: folder }, none)).rejects.toThrow("is a folder");
  });
});
