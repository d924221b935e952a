import { describe, expect, it } from "vitest";
import { readBatchItemFailures } from "./sqs-event.ts";

const batch = new Set(["a", "b"]);

describe("readBatchItemFailures", () => {
  it.each([
    null,
    undefined,
    {},
    { batchItemFailures: null },
    { batchItemFailures: [] },
    { statusCode: 200 },
  ])("takes %j for a complete success", (answer) => {
    expect(readBatchItemFailures(answer, batch)).toEqual(new Set());
  });

  it("reads the messages that failed", () => {
    const answer = { batchItemFailures: [{ itemIdentifier: "b" }, { itemIdentifier: "b" }] };
    expect(readBatchItemFailures(answer, batch)).toEqual(new Set(["b"]));
  });

  it.each([
    "done",
    [],
    { batchItemFailures: "a" },
    { batchItemFailures: ["a"] },
    { batchItemFailures: [{ itemIdentifier: "" }] },
    { batchItemFailures: [{ itemIdentifier: null }] },
    { batchItemFailures: [{ itemidentifier: "a" }] },
    { batchItemFailures: [{ itemIdentifier: "a" }, { itemIdentifier: "c" }] },
  ])("takes %j for a complete failure", (answer) => {
    expect(readBatchItemFailures(answer, batch)).toBe("all");
  });
});
