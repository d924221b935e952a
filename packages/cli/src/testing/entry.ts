import type { Entry } from "@countersign/client/client";

export const executionArn =
  "arn:aws:states:us-east-1:000000000000:execution:payout:cs-4f1d2c3b4a59687766554433";

/** An entry as the API gives them, with the given members in place of its own. */
export function entryWith(members: Partial<Entry> = {}): Entry {
  return {
    schema: "countersign.entry.v1",
    entryId: "e1",
    action: "execution.authorized",
    outcome: "success",
    source: "gate",
    occurredAt: Date.UTC(2026, 10, 24, 4, 9, 12, 345),
    recordedAt: Date.UTC(2026, 10, 24, 4, 9, 12, 400),
    attribution: "gate",
    subject: { iss: "https://login.example.com", sub: "alice" },
    clientId: "payments-app",
    scopes: ["payout:start"],
    workflow: "payout",
    executionArn,
    ...members,
  };
}
