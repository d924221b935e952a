import { describe, expect, test } from "vitest";
import { errorCatalog } from "./catalog.ts";
import {
  ConflictError,
  CountersignError,
  IntegrityError,
  InvalidInputError,
  OAuthResponseError,
  OutcomeUnknownError,
  RefusedError,
  UnavailableError,
} from "./errors.ts";

describe("an error", () => {
  test("has a literal name, which Step Functions can match whatever a bundler renames", () => {
    const errors = [
      new InvalidInputError("internal", "d"),
      new RefusedError("internal", "d"),
      new ConflictError("internal", "d"),
      new UnavailableError("internal", "d"),
      new OutcomeUnknownError("internal", "d"),
      new IntegrityError("internal", "d"),
      new OAuthResponseError("internal", "invalid_grant", "d"),
    ];
    for (const error of errors) {
      expect(Object.hasOwn(error, "name")).toBe(true);
      expect(error).toBeInstanceOf(CountersignError);
      expect(error).toMatchObject({ message: "d", definition: errorCatalog.internal });
      expect(error).not.toHaveProperty("cause");
    }
    expect(new Set(errors.map(({ name }) => name)).size).toBe(errors.length);
  });

  test("keeps its cause, its field and what would mend it", () => {
    const cause = new Error("inner");
    const error = new RefusedError("policy.scope_insufficient", "d", {
      cause,
      field: "scope",
      retryAfterSeconds: 3,
      requiredScopes: ["a"],
    });
    expect(error).toMatchObject({ cause, field: "scope", retryAfterSeconds: 3, requiredScopes: ["a"] });
  });
});
