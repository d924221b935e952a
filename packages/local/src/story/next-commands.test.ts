import { execFileSync } from "node:child_process";
import { resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { defaultStateDirectory, nextCommands } from "./next-commands.ts";

describe("the commands to try", () => {
  it.each([
    defaultStateDirectory,
    "./.countersign/",
    resolve(".countersign"),
  ])("name no state folder where %s is the one that is found by itself", (folder) => {
    expect(nextCommands(folder).join()).not.toContain("--state-dir");
  });

  it("name any other in all of them", () => {
    for (const command of nextCommands("/tmp/countersign")) {
      expect(command).toMatch(/ --state-dir \/tmp\/countersign$/);
    }
  });

  it.each(["/tmp/my state", "it's", "$(id)", "a;b"])("give a shell the folder %s as one word", (folder) => {
    const [, word] = nextCommands(folder)[2]?.split(" --state-dir ") ?? [];
    expect(execFileSync("/bin/sh", ["-c", `printf %s ${word}`], { encoding: "utf8" })).toBe(folder);
  });
});
