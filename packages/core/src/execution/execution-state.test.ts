import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { arnOf, grantWith, startDate } from "../../test-support/fixtures.ts";
import {
  applyStatus,
  type ExecutionState,
  type Grant,
  grantOf,
  isLive,
  isTerminal,
  type StatusChange,
  withGrant,
} from "./execution-state.ts";

const executionArn = arnOf("e");
const revokeOn = new Set(["FAILED", "TIMED_OUT", "ABORTED"]);

function changeOf(status: string, change: Partial<StatusChange> = {}): StatusChange {
  return {
    executionArn,
    startDate,
    redriveCount: 0,
    status,
    workflow: "payout",
    attribution: "gate",
    at: startDate + 9_000,
    ...change,
  };
}

function stateWith(grants: readonly Grant[]): ExecutionState {
  return {
    executionArn,
    workflow: "payout",
    redriveCount: 0,
    attribution: "gate",
    grants,
    open: true,
    revision: 1,
  };
}

function apply(state: ExecutionState | undefined, changes: readonly StatusChange[]) {
  return changes.reduce<ExecutionState | undefined>((at, change) => applyStatus(at, change, revokeOn), state);
}

/** What one execution can go through: names used again, redrives, each ended at most one way. */
const instance = fc.record({
  isOlder: fc.boolean(),
  redriveCount: fc.nat(2),
  isWaiting: fc.boolean(),
  isSeenRunning: fc.boolean(),
  end: fc.constantFrom(undefined, "SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"),
});
const history = fc
  .uniqueArray(instance, {
    minLength: 1,
    maxLength: 4,
    selector: (one) => `${one.isOlder}${one.redriveCount}`,
  })
  .map((instances) =>
    instances.flatMap(({ isOlder, redriveCount, isWaiting, isSeenRunning, end }) => {
      const of = { redriveCount, startDate: isOlder ? startDate - 1_000 : startDate };
      return [
        ...(isWaiting ? [changeOf("PENDING_REDRIVE", of)] : []),
        ...(isSeenRunning ? [changeOf("RUNNING", of)] : []),
        ...(end === undefined ? [] : [changeOf(end, of)]),
      ];
    }),
  )
  .filter((changes) => changes.length > 0);
/** A history as it is delivered: in some order, each event once or more. */
const deliveries = history.chain((changes) =>
  fc.record({
    changes: fc.constant(changes),
    delivered: fc
      .shuffledSubarray(changes, { minLength: changes.length })
      .chain((order) =>
        fc
          .array(fc.constantFrom(...changes), { maxLength: 4 })
          .chain((again) =>
            fc.shuffledSubarray([...order, ...again], { minLength: order.length + again.length }),
          ),
      ),
  }),
);
const grants = fc
  .uniqueArray(fc.record({ isOlder: fc.boolean(), redriveCount: fc.nat(2) }), {
    maxLength: 3,
    selector: (one) => `${one.isOlder}${one.redriveCount}`,
  })
  .map((of) =>
    of.map(({ isOlder, redriveCount }, index) =>
      grantWith({ grantId: `g-${index}`, redriveCount, startDate: isOlder ? startDate - 1_000 : startDate }),
    ),
  );

function withoutRevision(state: ExecutionState | undefined) {
  return state && { ...state, revision: 0 };
}

describe("the state of an execution, whatever the order its events come in", () => {
  test("ends the same", () => {
    fc.assert(
      fc.property(deliveries, grants, ({ changes, delivered }, held) => {
        const initial = held.length > 0 ? stateWith(held) : undefined;
        expect(withoutRevision(apply(initial, delivered))).toEqual(withoutRevision(apply(initial, changes)));
      }),
      { numRuns: 300 },
    );
  });

  test("ends with the newest redrive of the newest instance, closed if that one ended", () => {
    fc.assert(
      fc.property(deliveries, ({ changes, delivered }) => {
        const newest = changes.reduce((a, b) => (rank(b) > rank(a) ? b : a));
        const end = changes.find((one) => rank(one) === rank(newest) && isTerminal(one.status));
        const state = apply(undefined, delivered);
        expect(state).toMatchObject({ startDate: newest.startDate, redriveCount: newest.redriveCount });
        expect(state?.open).toBe(end === undefined);
        if (end) expect(state?.status).toBe(end.status);
      }),
    );
  });

  test("leaves every grant whose run failed to be revoked, and no other", () => {
    fc.assert(
      fc.property(deliveries, grants, ({ changes, delivered }, held) => {
        const state = apply(stateWith(held), delivered);
        for (const grant of held) {
          const own = changes.filter((one) => grantOf(stateWith(held), one) === grant);
          const isFailed = own.some(({ status }) => revokeOn.has(status));
          const isDone = own.some(({ status }) => status === "SUCCEEDED");
          const expected = isFailed ? "revoking" : isDone ? "closed" : "active";
          expect(state?.grants.find(({ grantId }) => grantId === grant.grantId)?.state).toBe(expected);
        }
      }),
    );
  });

  test("is never reopened by a late RUNNING", () => {
    fc.assert(
      fc.property(deliveries, ({ delivered }) => {
        const ended = delivered.filter(({ status }) => isTerminal(status));
        const state = apply(undefined, [...ended, ...delivered.filter((one) => !ended.includes(one))]);
        const isEnded = ended.some((one) => rank(one) === Math.max(...delivered.map(rank)));
        expect(state?.open).toBe(!isEnded);
      }),
    );
  });

  test("gets a higher revision with every change, and stays the same object without one", () => {
    fc.assert(
      fc.property(deliveries, grants, ({ delivered }, held) => {
        let state: ExecutionState | undefined = held.length > 0 ? stateWith(held) : undefined;
        for (const change of delivered) {
          const next = applyStatus(state, change, revokeOn);
          if (next === state) continue;
          expect(next.revision).toBe((state?.revision ?? 0) + 1);
          expect({ ...next, revision: 0 }).not.toEqual({ ...state, revision: 0 });
          state = next;
        }
        for (const change of delivered) expect(applyStatus(state, change, revokeOn)).toBe(state);
      }),
    );
  });
});

function rank({ startDate: begun, redriveCount }: StatusChange): number {
  return begun * 10 + redriveCount;
}

describe("a status", () => {
  test("of a grant that has not started yet gives it its startDate and makes it active", () => {
    const { startDate: _startDate, ...intended } = grantWith({ state: "authorizing" });
    const state = applyStatus(stateWith([intended]), changeOf("RUNNING"), revokeOn);
    expect(state).toMatchObject({ attribution: "gate", startDate, status: "RUNNING", open: true });
    expect(state.grants).toEqual([{ ...intended, state: "active", startDate }]);
  });

  test("that the workflow does not revoke on closes the grant", () => {
    const state = applyStatus(stateWith([grantWith()]), changeOf("FAILED"), new Set());
    expect(state.grants[0]?.state).toBe("closed");
  });

  test("does not move a grant that is revoked, expired or blocked", () => {
    for (const state of ["revoked", "expired", "blocked", "closed", "revoking"] as const) {
      const moved = applyStatus(stateWith([grantWith({ state })]), changeOf("FAILED"), revokeOn);
      expect(moved.grants[0]?.state).toBe(state);
      expect(moved.open).toBe(false);
    }
  });

  test("of a redrive does not touch the grant of the run before it", () => {
    const state = apply(stateWith([grantWith()]), [
      changeOf("FAILED", { redriveCount: 1, attribution: "none" }),
    ]);
    expect(state?.grants).toEqual([grantWith()]);
    expect(state).toMatchObject({ attribution: "none", redriveCount: 1, open: false });
  });

  test("of another instance under the same name does not touch the grant", () => {
    const state = apply(stateWith([grantWith()]), [changeOf("FAILED", { startDate: startDate + 1 })]);
    expect(state?.grants).toEqual([grantWith()]);
  });

  test("unknown to us leaves the execution open", () => {
    expect(apply(undefined, [changeOf("PAUSED")])).toMatchObject({
      status: "PAUSED",
      open: true,
      revision: 1,
    });
  });

  test("keeps the last four grants, and any that is still to be revoked", () => {
    const held = Array.from({ length: 7 }, (_, redriveCount) =>
      grantWith({
        grantId: `g-${redriveCount}`,
        redriveCount,
        state: redriveCount === 1 ? "revoking" : "closed",
      }),
    );
    const state = apply(stateWith(held), [changeOf("RUNNING", { redriveCount: 6 })]);
    expect(state?.grants.map(({ grantId }) => grantId)).toEqual(["g-1", "g-3", "g-4", "g-5", "g-6"]);
  });
});

describe("a grant", () => {
  test("is live only while authorizing or active", () => {
    const states = ["authorizing", "active", "closed", "revoking", "revoked", "expired", "blocked"] as const;
    expect(states.filter((state) => isLive(grantWith({ state })))).toEqual(["authorizing", "active"]);
  });

  test("is replaced in the next revision; one that is not there leaves the state as it is", () => {
    const state = stateWith([grantWith()]);
    const changed = withGrant(state, grantWith().grantId, (grant) => ({ ...grant, state: "closed" }));
    expect(changed).toMatchObject({ revision: 2, grants: [{ state: "closed" }] });
    expect(withGrant(state, "another", (grant) => grant)).toBe(state);
  });
});
