import type { Entry } from "@countersign/core/entry/entry";
import { tellStory } from "@countersign/local/story/story";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Embedded, startEmbedded } from "../support/embedded.ts";

let embedded: Embedded;

beforeAll(async () => {
  embedded = await startEmbedded();
});
afterAll(() => embedded.close());

describe("the main job", () => {
  it("starts, refuses, revokes a failed execution beside an unharmed sibling, and records what goes around", async () => {
    const lines: string[] = [];
    const never = new AbortController().signal;
    await tellStory(embedded.runtime, embedded.config, (line) => lines.push(line), never);
    await embedded.runtime.idle();
    expect(lines.filter((line) => line.includes("✓"))).toHaveLength(8);

    const { entries: all } = await embedded.ledger.query(
      { by: "time" },
      { from: Date.now() - 3_600_000, to: Date.now() + 1_000, limit: 100 },
    );
    const [looks, entries] = [true, false].map((isLook) =>
      all.filter(({ action }) => (action === "audit.queried") === isLook),
    ) as [Entry[], Entry[]];
    expect(new Set(looks.map(({ clientId }) => clientId))).toEqual(new Set(["auditor"]));
    expect(actionsByExecution(entries)).toEqual([
      ["execution.authorized", "execution.failed", "execution.started", ...revocation].sort(),
      ["execution.authorized", "execution.started", "execution.succeeded"],
      ["execution.authorized", "execution.started", "execution.succeeded"],
      ["execution.denied"],
      ["execution.started", "execution.succeeded"],
    ]);
    for (const entry of entries.filter(({ attribution }) => attribution === "gate")) {
      expect(entry.subject).toEqual({ iss: embedded.runtime.urls.issuer, sub: "payments-app" });
      expect(entry.scopes).toEqual(["payout:start"]);
    }
    expect(entries.filter(({ attribution }) => attribution === "none").every(({ subject }) => !subject)).toBe(
      true,
    );
  });

  it("gives a repeated Idempotency-Key the same execution, and another body a conflict", async () => {
    const token = await embedded.caller.token("payments-app", "payout:start");
    const start = (amount: number) =>
      fetch(`${embedded.runtime.urls.api}/workflows/payout/executions`, {
        method: "POST",
        headers: { authorization: `Bearer ${token}`, "idempotency-key": "once" },
        body: JSON.stringify({ input: { amount } }),
      });
    const first = await start(7);
    const second = await start(7);
    const third = await start(8);
    expect([first.status, second.status, third.status]).toEqual([201, 200, 409]);
    const arns = [first, second].map(
      async (answer) => ((await answer.json()) as { executionArn: string }).executionArn,
    );
    const [one, two] = await Promise.all(arns);
    expect(one).toBe(two);
  });

  it("challenges a request without a token as RFC 6750 and RFC 9728 ask", async () => {
    const answer = await fetch(`${embedded.runtime.urls.api}/audit/entries`);
    expect(answer.status).toBe(401);
    const metadata = `${embedded.runtime.urls.api}/.well-known/oauth-protected-resource`.replace(
      "http://",
      "",
    );
    expect(answer.headers.get("www-authenticate")).toMatch(/^Bearer resource_metadata="https?:\/\//);
    expect(answer.headers.get("www-authenticate")).toContain(metadata);
    expect(answer.headers.get("www-authenticate")).not.toContain("error=");
  });

  it("keeps no raw token in the ledger, the state table or a log", async () => {
    const token = await embedded.caller.token("payments-app", "payout:start");
    await embedded.caller.start(token, "payout", { amount: 2_000_000 });
    await embedded.caller.start(token, "payout", { amount: 5, secretly: token });
    await embedded.runtime.idle();
    const { ScanCommand } = await import("@aws-sdk/client-dynamodb");
    for (const table of ["countersign-ledger", "countersign-state"]) {
      const { Items = [] } = await embedded.dynamodb.send(new ScanCommand({ TableName: table }));
      expect(Items.length).toBeGreaterThan(0);
      expect(Buffer.from(JSON.stringify(Items.map(textOf))).includes(token)).toBe(false);
    }
    expect(embedded.logs.join("\n").includes(token)).toBe(false);
  });
});

const revocation = ["token.revocation_requested", "token.revocation_accepted", "token.revoked"];

function actionsByExecution(entries: readonly Entry[]): string[][] {
  const groups = Map.groupBy(entries, ({ executionArn, entryId }) => executionArn ?? entryId);
  const actions = [...groups.values()].map((group) => group.map(({ action }) => action).sort());
  return actions.sort((a, b) => (a.join() < b.join() ? -1 : 1));
}

function textOf(item: Record<string, { B?: Uint8Array; S?: string }>): string {
  return Object.values(item)
    .map(({ B, S }) => S ?? Buffer.from(B ?? new Uint8Array()).toString("utf8"))
    .join("\n");
}
