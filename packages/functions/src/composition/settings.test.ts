import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseConfig } from "@countersign/core/config/config";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { configInput, machineArn } from "../../../core/test-support/fixtures.ts";
import { deployedConfig, deployedWorkflows, numberSetting, setting, urlSetting } from "./settings.ts";

const config = parseConfig(configInput());
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "settings-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

function fileWith(text: string): { COUNTERSIGN_CONFIG_FILE: string } {
  const file = join(folder, `config-${Math.random()}.json`);
  writeFileSync(file, text);
  return { COUNTERSIGN_CONFIG_FILE: file };
}

describe("a setting", () => {
  test("is the variable's value", () => {
    expect(setting({ A: "a" }, "A")).toBe("a");
    expect(urlSetting({ A: "https://sqs.eu-west-1.amazonaws.com/1/q" }, "A")).toContain("/1/q");
    expect(urlSetting({ A: "http://127.0.0.1:4566/1/q" }, "A")).toContain(":4566");
  });

  test("that is a number is its value, or what it is unless given", () => {
    expect(numberSetting({ A: "0" }, "A", 300)).toBe(0);
    for (const environment of [{}, { A: "" }]) expect(numberSetting(environment, "A", 300)).toBe(300);
    for (const A of ["-1", "1.5", "5m", "1e3"]) {
      expect(() => numberSetting({ A }, "A", 300)).toThrow(/^environment variable A is not a whole number$/);
    }
  });

  test.each([{}, { A: undefined }, { A: "" }])("that is missing is named: %o", (environment) => {
    for (const read of [setting, urlSetting])
      expect(() => read(environment, "A")).toThrow(/^environment variable A is not set$/);
  });

  test.each([
    "queue",
    "arn:aws:sqs:eu-west-1:1:q",
    "https://",
    "file:///q",
  ])("that is no URL is named: %s", (A) => {
    expect(() => urlSetting({ A }, "A")).toThrow(/^environment variable A is not an http or https URL$/);
  });
});

describe("the deployed configuration", () => {
  test("is read as it was validated", () => {
    expect(deployedConfig(fileWith(JSON.stringify(config)))).toEqual(config);
  });

  test.each<[string, () => Record<string, string>, RegExp]>([
    ["not set", () => ({}), /COUNTERSIGN_CONFIG_FILE is not set$/],
    ["no file", () => ({ COUNTERSIGN_CONFIG_FILE: join(folder, "none") }), /can't be read as JSON$/],
    ["a folder", () => ({ COUNTERSIGN_CONFIG_FILE: folder }), /can't be read as JSON$/],
    ["no JSON", () => fileWith("export default {}"), /can't be read as JSON$/],
    ["null", () => fileWith("null"), /holds no configuration$/],
    ["another document", () => fileWith('{"name":"countersign"}'), /holds no configuration$/],
    ["half a configuration", () => fileWith('{"issuers":[],"workflows":null}'), /holds no configuration$/],
  ])("that is %s is told in one line with the variable's name", (_kind, environment, fact) => {
    const read = () => deployedConfig(environment());
    expect(read).toThrow(fact);
    expect(read).toThrow(/^environment variable COUNTERSIGN_CONFIG_FILE [^\n]+$/);
  });
});

describe("the deployed workflows", () => {
  const place = { COUNTERSIGN_ACCOUNT_ID: "123456789012", AWS_REGION: "eu-west-1" };

  test("are those of this account and region", () => {
    expect(deployedWorkflows(place, config).get("payout")?.stateMachineArn).toBe(machineArn);
  });

  test.each([
    [{ ...place, COUNTERSIGN_ACCOUNT_ID: undefined }, "COUNTERSIGN_ACCOUNT_ID is not set"],
    [
      { ...place, COUNTERSIGN_ACCOUNT_ID: "1234" },
      "COUNTERSIGN_ACCOUNT_ID is not an account id of 12 digits",
    ],
    [{ ...place, AWS_REGION: "" }, "AWS_REGION is not set"],
  ])("of no place are not registered: %o", (environment, fault) => {
    expect(() => deployedWorkflows(environment, config)).toThrow(`environment variable ${fault}`);
  });
});
