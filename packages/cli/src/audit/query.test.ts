import { describe, expect, it } from "vitest";
import { exitCodes } from "../output/exit-codes.ts";
import { auditQuery } from "./query.ts";

const issuer = "http://127.0.0.1:9402";

describe("the query", () => {
  it("holds what was given, by the API's names", () => {
    const filters = {
      execution: "arn:aws:states:us-east-1:0:execution:payout:x",
      client: "payments-app",
      scope: "payout:start",
      workflow: "payout",
      outcome: "denied",
      action: "execution.denied",
      since: 1_000,
      until: 2_000,
    };
    expect(auditQuery(filters, issuer)).toEqual({
      executionArn: filters.execution,
      clientId: "payments-app",
      scope: "payout:start",
      workflow: "payout",
      outcome: "denied",
      action: "execution.denied",
      from: "1000",
      to: "2000",
    });
  });

  it("is empty without filters", () => {
    expect(auditQuery({}, issuer)).toEqual({});
  });

  it("keeps a start at the epoch", () => {
    expect(auditQuery({ since: 0 }, issuer)).toEqual({ from: "0" });
  });

  it("says none for unattributed, as the ledger does", () => {
    expect(auditQuery({ attribution: "unattributed" }, issuer)).toEqual({ attribution: "none" });
    expect(auditQuery({ attribution: "none" }, issuer)).toEqual({ attribution: "none" });
    expect(auditQuery({ attribution: "child" }, issuer)).toEqual({ attribution: "child" });
  });
});

describe("the subject", () => {
  it.each([
    [["alice"], issuer, "alice"],
    [["Ada Quill"], issuer, "Ada Quill"],
    [["https://login.example.com", "alice"], "https://login.example.com", "alice"],
    [["https://login.example.com alice"], "https://login.example.com", "alice"],
    [["https://login.example.com", "auth0|4 2"], "https://login.example.com", "auth0|4 2"],
  ])("%j is issuer and sub, the issuer completed from the embedded provider", (subject, iss, sub) => {
    expect(auditQuery({ subject }, issuer)).toEqual({ iss, sub });
  });

  it("needs an issuer where there is no embedded provider", () => {
    expect(() => auditQuery({ subject: ["alice"] }, undefined)).toThrow(
      expect.objectContaining({
        message: "--subject gives no issuer, and a sub alone is not unique",
        exitCode: exitCodes.usage,
      }),
    );
    expect(auditQuery({ subject: ["https://login.example.com", "alice"] }, undefined)).toEqual({
      iss: "https://login.example.com",
      sub: "alice",
    });
  });

  it.each([
    [["alice", "bob"]],
    [["https://a.example", "alice", "bob"]],
    [[""]],
    [["https://a.example", ""]],
  ])("%j is not one", (subject) => {
    expect(() => auditQuery({ subject }, issuer)).toThrow(/^--subject /);
  });
});
