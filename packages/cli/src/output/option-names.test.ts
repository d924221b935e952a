import { ApiError } from "@countersign/client/errors";
import { describe, expect, it } from "vitest";
import { errorLines, explain } from "./failure.ts";
import { byOptionNames, proposingNearest } from "./option-names.ts";

const refusal = (field: string, detail: string) =>
  new ApiError(detail, { status: 400, code: "request.malformed", field, fix: "correct it" });

describe("a refused value", () => {
  it.each([
    ["from", '"from" is not before "to"', "--since is not before --until", "--since"],
    ["to", '"to" is not a time', "--until is not a time", "--until"],
    [
      "executionArn",
      '"executionArn" must start with "arn:"',
      '--execution must start with "arn:"',
      "--execution",
    ],
    ["clientId", '"clientId" is too long', "--client is too long", "--client"],
    ["limit", '"limit" is not a whole number', "--limit is not a whole number", "--limit"],
  ])("of %s is told by the name of its option", (field, detail, told, option) => {
    expect(errorLines(explain(byOptionNames(refusal(field, detail))))).toBe(
      `error: ${told} (request.malformed, option ${option})\nfix:   correct it\n`,
    );
  });

  it("that is no option keeps the API's name", () => {
    expect(explain(byOptionNames(refusal("amount", '"amount" is above "limit"'))).message).toBe(
      '"amount" is above "limit" (request.malformed, field amount)',
    );
  });
});

describe("an action that there is not", () => {
  const actions = [
    ...["execution.authorized", "execution.started", "execution.succeeded", "execution.failed"],
    ...["token.issued", "token.revoked", "audit.queried"],
  ];
  const error = refusal(
    "action",
    `"action" Invalid option: expected one of ${actions.map((name) => `"${name}"`).join("|")}`,
  );

  it.each([
    ["execution.startd", "execution.started"],
    ["revoked", "token.revoked"],
    ["queried", "audit.queried"],
  ])("as in %s is answered with the five nearest at most, the nearest first", (given, nearest) => {
    const { message, fix } = explain(byOptionNames(proposingNearest(error, "action", given)));
    expect(message).toBe(
      `--action is ${given}, which is none of the 7 there are (request.malformed, option --action)`,
    );
    expect(fix.startsWith(`the nearest are ${nearest}`)).toBe(true);
    expect(fix.split(";")[0]?.split(", ").length).toBeLessThanOrEqual(5);
    expect(fix).toContain('see "countersign audit --help"');
  });

  it("that resembles none is answered with where to look alone", () => {
    const { fix } = explain(proposingNearest(error, "action", "xyz"));
    expect(fix).toBe('see "countersign audit --help"');
  });

  it("is answered with five names where more are near", () => {
    const many = Array.from({ length: 9 }, (_, index) => `"execution.started${index}"`);
    const { fix } = explain(
      proposingNearest(refusal("action", `expected one of ${many.join("|")}`), "action", "execution.started"),
    );
    expect(fix.split(";")[0]?.split(", ")).toHaveLength(5);
  });

  it("is not made of another refusal", () => {
    const other = refusal("scope", '"scope" is empty');
    expect(proposingNearest(other, "action", "nope")).toBe(other);
    const few = refusal("action", '"action" expected one of "a"|"b"');
    expect(proposingNearest(few, "action", "nope")).toBe(few);
  });
});
