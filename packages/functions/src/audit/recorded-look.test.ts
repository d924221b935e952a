import { UnavailableError } from "@countersign/core/error/errors";
import { indexKeys } from "@countersign/core/ledger/index-keys";
import { beforeEach, describe, expect, test } from "vitest";
import { arnOf, issuer, jwtLike, startDate, subject } from "../../../core/test-support/fixtures.ts";
import { MemoryClock } from "../../../core/test-support/memory-clock.ts";
import { MemoryLedger } from "../../../core/test-support/memory-ledger.ts";
import { call, KnownTokens, MemoryLog } from "../../test-support/api.ts";
import { type AuditDeps, auditHandler } from "./handler.ts";

const route = "GET /audit/entries";
const minute = 60_000;

let clock: MemoryClock;
let ledger: MemoryLedger;
let tokens: KnownTokens;
beforeEach(() => {
  clock = new MemoryClock(startDate - (startDate % minute));
  ledger = new MemoryLedger(clock);
  tokens = new KnownTokens({ scopes: ["audit:read"] });
});

function get(query: Record<string, string> = {}, token?: string, deps: Partial<AuditDeps> = {}) {
  const own = {
    clock,
    reader: ledger,
    ledger,
    verifier: tokens,
    scopes: ["audit:read"],
    log: new MemoryLog(),
  };
  return call(auditHandler({ ...own, ...deps }), route, { query, ...(token !== undefined && { token }) });
}

const looks = () => ledger.entries.filter(({ action }) => action === "audit.queried");

async function decided(count: number) {
  for (let index = 0; index < count; index += 1) {
    await ledger.append({
      action: "execution.authorized",
      outcome: "success",
      source: "gate",
      id: `g${index}`,
      occurredAt: clock.now(),
      subject,
      workflow: "payout",
      executionArn: arnOf(`e${index}`),
      redriveCount: 0,
    });
    clock.advance(1);
  }
}

describe("an audit query", () => {
  test("is an entry with who asked, for what, and how much was answered", async () => {
    await decided(2);
    const to = clock.now() + 1;
    await get({ workflow: "payout", outcome: "success" });
    expect(ledger.only("audit.queried")).toMatchObject({
      outcome: "success",
      source: "api",
      subject,
      clientId: "payments-app",
      scopes: ["audit:read"],
      fingerprint: "v1.k1.inbound",
      detail: {
        filters: { workflow: "payout", outcome: "success" },
        window: { from: 0, to },
        results: 2,
      },
    });
  });

  test("is not among the decisions, and costs no index but that of time", async () => {
    await get();
    const { scopes, time, day, ...others } = indexKeys(ledger.only("audit.queried"));
    expect([scopes, others]).toEqual([[], {}]);
  });

  test("that can't be recorded gets no answer", async () => {
    await decided(1);
    const append = async () => {
      throw new UnavailableError("store.unavailable", "down");
    };
    for (const token of [undefined, "starter"]) {
      tokens.add("starter");
      const { status, body } = await get({}, token, { ledger: { append } });
      expect([status, body["code"], body["entries"]]).toEqual([503, "store.unavailable", undefined]);
    }
  });

  test("that the ledger does not answer is no entry", async () => {
    const reader: AuditDeps["reader"] = {
      query: async () => {
        throw new UnavailableError("store.unavailable", "down");
      },
    };
    expect((await get({}, undefined, { reader })).status).toBe(503);
    expect(looks()).toEqual([]);
  });

  test("is recorded without a token that someone put into a filter", async () => {
    await get({ scope: jwtLike("a"), clientId: `Bearer ${"a1".repeat(12)}` });
    expect(looks()[0]?.detail?.["filters"]).toEqual({
      scope: "[token removed]",
      clientId: "[token removed]",
    });
  });

  test("that asks for a person is recorded by the reference alone, where persons have one", async () => {
    const reference = { iss: issuer, sub: `psn_${"a".repeat(22)}` };
    const pseudonyms = {
      find: async ({ sub }: { sub: string }) => (sub === "ada" ? reference : undefined),
    };
    for (const sub of ["ada", "grace"]) await get({ iss: issuer, sub }, undefined, { pseudonyms });
    const filters = looks().map(({ detail }) => detail?.["filters"]);
    expect(filters).toEqual([reference, { iss: issuer, sub: "[not recorded]" }]);
  });
});

describe("looks within a minute", () => {
  test("are one entry for who follows the ledger, pages included", async () => {
    await decided(5);
    for (let poll = 0; poll < 25; poll += 1) {
      const from = String(clock.now() - minute);
      const { body } = await get({ workflow: "payout", from, limit: "2" });
      const { cursor, to } = body as { cursor?: string; to: number };
      if (cursor) await get({ workflow: "payout", from, to: String(to), limit: "2", cursor });
      clock.advance(2_000);
    }
    expect(ledger.only("audit.queried").detail).toMatchObject({ results: 2, isFollowing: true });
    clock.advance(minute);
    await get({ workflow: "payout", from: String(clock.now() - minute) });
    expect(looks()).toHaveLength(2);
  });

  test("are one entry when the same is asked for again", async () => {
    for (const _ of [1, 2, 3]) {
      await get({ executionArn: arnOf("e0") });
      clock.advance(2_000);
    }
    expect(looks()).toHaveLength(1);
  });

  test("are as many entries as they reach different parts of the past", async () => {
    await decided(3);
    clock.advance(10 * minute);
    const window = { from: "0", to: String(clock.now()) };
    const { body } = await get({ ...window, workflow: "payout", limit: "1" });
    const next = { ...window, workflow: "payout", limit: "1", cursor: String(body["cursor"]) };
    await get(next);
    await get(next);
    await get({ ...window, from: "1", workflow: "payout", limit: "1" });
    await get({ ...window, workflow: "payout", limit: "2" });
    expect(looks().map(({ detail }) => [detail?.["results"], detail?.["isContinued"]])).toEqual([
      [1, undefined],
      [1, true],
      [1, undefined],
      [2, undefined],
    ]);
  });

  test("are entries of their own for other filters, subjects, clients and tokens", async () => {
    tokens.add("eve", { scopes: ["audit:read"], subject: { iss: issuer, sub: "eve" } });
    tokens.add("other", { scopes: ["audit:read"], clientId: "other" });
    tokens.add("renewed", { scopes: ["audit:read"], fingerprint: "v1.k1.renewed" });
    const from = String(clock.now() - minute);
    for (const token of [undefined, "eve", "other", "renewed"]) await get({ from }, token);
    await get({ from, outcome: "denied" });
    expect(looks()).toHaveLength(5);
  });
});

describe("a refused audit query", () => {
  test.each<[string, Record<string, string>, string | undefined, string]>([
    ["for its scopes", { workflow: "payout", sub: "ada" }, "starter", "policy.scope_insufficient"],
    ["for its form", { sub: "ada", limit: "0" }, undefined, "request.malformed"],
    ["for a parameter nobody knows", { [jwtLike("name")]: "x", sub: "ada" }, undefined, "request.malformed"],
    ["for its cursor", { cursor: "x.y" }, undefined, "request.malformed"],
  ])("%s is an entry that says why, and repeats no value", async (_kind, query, token, code) => {
    tokens.add("starter");
    expect((await get(query, token)).status).toBeGreaterThanOrEqual(400);
    const entry = ledger.only("audit.queried");
    const names = Object.keys(query).filter((name) => !name.startsWith("eyJ"));
    expect(entry).toMatchObject({ outcome: "denied", error: { code }, detail: { asked: names.sort() } });
    expect(JSON.stringify(entry)).not.toMatch(/eyJ|x\.y/);
  });

  test("is one entry a minute, however often it is asked", async () => {
    tokens.add("starter");
    for (const _ of [1, 2, 3]) await get({}, "starter");
    clock.advance(minute);
    await get({}, "starter");
    expect(looks()).toHaveLength(2);
  });

  test("without a verified token is no entry", async () => {
    expect((await get({}, "unknown")).status).toBe(401);
    expect(ledger.entries).toEqual([]);
  });
});
