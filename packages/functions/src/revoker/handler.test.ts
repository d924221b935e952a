import { IntegrityError, UnavailableError } from "@countersign/core/error/errors";
import { beforeEach, describe, expect, test } from "vitest";
import { arnOf, grantWith, jwtLike, startDate } from "../../../core/test-support/fixtures.ts";
import { GateWorld } from "../../../core/test-support/gate-world.ts";
import { MemoryDeadLetterQueue } from "../../../core/test-support/memory-queues.ts";
import { MemoryLog } from "../../test-support/api.ts";
import { batch, leaves, MemoryDelay, message } from "../../test-support/queue.ts";
import { revokerHandler } from "./handler.ts";

const executionArn = arnOf("e");
const grant = grantWith({ state: "revoking" });
const hint = { executionArn, grantId: grant.grantId };
const tries = 20;
const down = new UnavailableError("provider.unavailable", "no answer");

let world: GateWorld;
let deadLetters: MemoryDeadLetterQueue;
let revoke: ReturnType<typeof revokerHandler>;
let token: string;
beforeEach(async () => {
  world = new GateWorld();
  deadLetters = new MemoryDeadLetterQueue();
  revoke = revokerHandler({
    delay: new MemoryDelay(),
    ...world.deps(),
    entries: world.ledger,
    seals: world.seals,
    denials: world.denials,
    deadLetters,
    log: new MemoryLog(),
  });
  const state = { executionArn, workflow: "payout", startDate, redriveCount: 0, status: "FAILED" };
  await world.executions.put({ ...state, attribution: "gate", grants: [grant], open: false, revision: 1 });
  const issued = await world.provider.exchange({
    subjectToken: "t",
    audience: "a",
    scopes: ["payout:start"],
  });
  token = issued.value;
  await world.seals.store({ executionArn, redriveCount: 0, grantId: grant.grantId }, token);
});

const grantState = () => world.executions.peek(executionArn)?.grants[0]?.state;

describe("a hint", () => {
  test("of an intent revokes the grant's token", async () => {
    expect(await revoke(batch(message("m", hint)))).toEqual(leaves());
    expect(world.provider.revoked).toEqual([token]);
    expect(grantState()).toBe("revoked");
    expect(world.ledger.actions).toContain("token.revoked");
  });

  test("of no intent does nothing, and is done", async () => {
    expect(await revoke(batch(message("m", { ...hint, executionArn: arnOf("other") })))).toEqual(leaves());
    expect(world.provider.revoked).toEqual([]);
    expect(world.ledger.entries).toEqual([]);
  });

  test("beside a broken one in its batch is carried out all the same", async () => {
    expect(await revoke(batch(message("bad", "{"), message("good", hint)))).toEqual(leaves());
    expect(grantState()).toBe("revoked");
    expect(deadLetters.letters).toMatchObject([{ id: "bad", reason: { code: "event.malformed" } }]);
  });

  test.each<[string, unknown]>([
    ["text", "grant"],
    ["a list", [hint]],
    ["null", "null"],
    ["one without a grant", { executionArn }],
    ["one with a grant that is no UUID", { ...hint, grantId: "1" }],
    ["one with an ARN of something else", { ...hint, executionArn: "arn:aws:s3:::bucket" }],
    ["one with a token in its ARN", { ...hint, executionArn: arnOf(jwtLike("a")) }],
    ["one with more than that", { ...hint, note: jwtLike("a") }],
  ])("that is none is dead-lettered at once, and not to be sent again: %s", async (_kind, body) => {
    expect(await revoke(batch(message("m", body)))).toEqual(leaves());
    expect(deadLetters.letters).toMatchObject([
      { queue: "revocations", reason: { code: "event.malformed" }, receiveCount: 1 },
    ]);
    expect(deadLetters.letters[0]).not.toHaveProperty("redrivable");
    expect(JSON.stringify(deadLetters.letters)).not.toContain("eyJ");
    expect(world.ledger.entries).toEqual([]);
  });
});

describe("a revocation", () => {
  test.each([1, tries - 1])("that the provider does not answer is left at receive %i", async (receives) => {
    world.provider.revokeError = down;
    expect(await revoke(batch(message("m", hint, receives)))).toEqual(leaves("m"));
    expect(world.ledger.actions).toEqual(["token.revocation_requested"]);
    expect(deadLetters.letters).toEqual([]);
  });

  test("that is given up is recorded with how long the token may live, and its intent stands", async () => {
    world.provider.revokeError = down;
    expect(await revoke(batch(message("m", hint, tries)))).toEqual(leaves());
    expect(world.ledger.only("token.revocation_gave_up")).toMatchObject({
      outcome: "failure",
      id: "m",
      executionArn,
      detail: { reason: "provider.unavailable", grantId: grant.grantId, exposedUntil: grant.expiresAt },
    });
    expect(grantState()).toBe("revoking");
    expect(deadLetters.letters).toMatchObject([{ id: "m", redrivable: JSON.stringify(hint) }]);
  });

  test("that is given up, redriven and given up again is on the record twice", async () => {
    world.provider.revokeError = down;
    for (const id of ["m", "n"]) await revoke(batch(message(id, hint, tries)));
    const gaveUp = world.ledger.entries.filter(({ action }) => action === "token.revocation_gave_up");
    expect(gaveUp.map(({ id }) => id)).toEqual(["m", "n"]);
  });

  test("that was given up is taken up again by a redrive", async () => {
    world.provider.revokeError = down;
    await revoke(batch(message("m", hint, tries)));
    world.provider.revokeError = undefined;
    const { redriven } = await deadLetters.redrive(async () => undefined, 10);
    await revoke(batch(...redriven.map(({ redrivable = "" }) => message("n", redrivable))));
    expect(grantState()).toBe("revoked");
    expect(world.provider.revoked).toEqual([token]);
  });

  test("whose giving up can't be recorded is left", async () => {
    world.provider.revokeError = down;
    await revoke(batch(message("m", hint)));
    world.ledger.append = async () => {
      throw new UnavailableError("store.unavailable", "the ledger did not answer");
    };
    expect(await revoke(batch(message("m", hint, tries)))).toEqual(leaves("m"));
    expect(deadLetters.letters).toEqual([]);
  });

  test("against the evidence is given up at once, on the record", async () => {
    world.provider.revokeError = new IntegrityError("ledger.entry_unreadable", "not what was written");
    expect(await revoke(batch(message("m", hint)))).toEqual(leaves());
    expect(world.ledger.actions).toContain("token.revocation_gave_up");
  });

  test("in its letter keeps nothing that a member given twice would hide", async () => {
    world.provider.revokeError = down;
    const twice = `{"executionArn":"${jwtLike("a")}",${JSON.stringify(hint).slice(1)}`;
    await revoke(batch(message("m", twice, tries)));
    expect(deadLetters.letters).toMatchObject([{ redrivable: JSON.stringify(hint) }]);
  });
});
