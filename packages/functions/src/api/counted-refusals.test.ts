import { InvalidInputError, RefusedError, UnavailableError } from "@countersign/core/error/errors";
import { createRefusalCount } from "@countersign/core/refusals/count-refusals";
import { minuteMs, type RefusalCounters, type RefusalKey } from "@countersign/core/refusals/refusal-counters";
import { expect, test } from "vitest";
import { MemoryClock } from "../../../core/test-support/memory-clock.ts";
import { MemoryRefusals } from "../../../core/test-support/memory-refusals.ts";
import { apiEvent, KnownTokens, MemoryLog, type RequestFacts } from "../../test-support/api.ts";
import { countedRefusals } from "./counted-refusals.ts";
import { answering, bearerToken, jsonResponse } from "./http.ts";

const route = "POST /workflows/{workflow}/executions";

class Api {
  readonly clock = new MemoryClock();
  readonly refusals = new MemoryRefusals();
  readonly failures: unknown[] = [];
  /** What is thrown once the token is verified. */
  refusal: Error | undefined;
  readonly #handler;

  constructor(counters: RefusalCounters = this.refusals) {
    const count = createRefusalCount({
      clock: this.clock,
      counters,
      onFailure: (error) => this.failures.push(error),
    });
    const tokens = new KnownTokens();
    const handler = answering(new MemoryLog(), async (event) => {
      await tokens.verify(bearerToken(event));
      if (this.refusal) throw this.refusal;
      return jsonResponse(200, {});
    });
    this.#handler = countedRefusals(count, handler);
  }

  async call(facts: RequestFacts = {}, sourceIp = "192.0.2.7"): Promise<number | undefined> {
    const event = apiEvent(route, facts);
    event.requestContext.http.sourceIp = sourceIp;
    return (await this.#handler(event, {} as never)).statusCode;
  }

  async counted(): Promise<RefusalKey[]> {
    const keys: RefusalKey[] = [];
    for await (const key of this.refusals.list()) keys.push(key);
    return keys;
  }
}

test.each<[string, RequestFacts, number, string]>([
  ["no token", { token: null }, 401, "token.missing"],
  ["a token that does not verify", { token: "garbage" }, 401, "token.malformed"],
  ["two tokens", { token: "a b" }, 400, "request.malformed"],
])("a request with %s is counted by its source's prefix", async (_kind, facts, status, reason) => {
  const api = new Api();
  expect(await api.call(facts)).toBe(status);
  expect(await api.counted()).toMatchObject([{ reason, sourcePrefix: "192.0.2.0/24" }]);
});

test("the source is what API Gateway saw, not what a header says", async () => {
  const api = new Api();
  const headers = { "x-forwarded-for": "198.51.100.1", forwarded: "for=198.51.100.1" };
  await api.call({ token: null, headers }, "2001:db8:1::7");
  expect(await api.counted()).toMatchObject([{ sourcePrefix: "2001:db8:1::/48" }]);
});

test.each<[string, Error | undefined]>([
  ["that is answered", undefined],
  ["that is malformed", new InvalidInputError("request.malformed", "x", { field: "body" })],
  ["that policy refuses", new RefusedError("policy.scope_insufficient", "x")],
  ["whose token was used before", new RefusedError("token.replayed", "x")],
  ["that fails", new UnavailableError("store.unavailable", "x")],
  ["that meets a bug", new TypeError("x")],
])("a request with a verified token %s is not counted", async (_kind, refusal) => {
  const api = new Api();
  api.refusal = refusal;
  await api.call();
  expect(await api.counted()).toEqual([]);
});

test("the rest of a minute is written with any request of a later one", async () => {
  const api = new Api();
  for (const _ of [1, 2, 3]) await api.call({ token: null });
  const [key] = await api.counted();
  api.clock.advance(minuteMs);
  expect(await api.call()).toBe(200);
  expect(key && (await api.refusals.close(key))?.count).toBe(3);
});

test("a count that can't be written changes no answer", async () => {
  const down = new UnavailableError("store.unavailable", "down");
  const api = new Api({
    add: async () => {
      throw down;
    },
  });
  expect(await api.call({ token: null })).toBe(401);
  api.clock.advance(minuteMs);
  expect(await api.call()).toBe(200);
  expect(api.failures).toEqual([down, down]);
});
