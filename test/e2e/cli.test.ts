import { SendMessageCommand } from "@aws-sdk/client-sqs";
import { writeRuntimeFile } from "@countersign/local/runtime/runtime-file";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { killCommands, runCommand, startCommand } from "../support/command.ts";
import { type Embedded, startEmbedded } from "../support/embedded.ts";
import { eventually } from "../support/eventually.ts";

let embedded: Embedded;
let env: NodeJS.ProcessEnv;

beforeAll(async () => {
  embedded = await startEmbedded();
  writeRuntimeFile(embedded.runtime, embedded.config);
  env = { COUNTERSIGN_STATE_DIR: embedded.stateDirectory };
});
afterAll(async () => {
  killCommands();
  await embedded.close();
});

const run = (args: readonly string[], stdin?: string) => runCommand(args, env, stdin);

/** Starts payout and returns the ARN of the execution. */
async function start(input: object): Promise<string> {
  const { out } = await run(["start", "payout", "--input", JSON.stringify(input), "--json"]);
  return JSON.parse(out).executionArn;
}

const jsonLines = (out: string): Record<string, unknown>[] =>
  out
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line));

describe("token", () => {
  it("prints a token of the client and its scope, and nothing else", async () => {
    const { exit, out, err } = await run(["token", "--client", "auditor", "--scope", "audit:read"]);
    expect({ exit, err }).toEqual({ exit: 0, err: "" });
    expect(out).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+\n$/);
    const claims = JSON.parse(Buffer.from(out.split(".")[1] ?? "", "base64url").toString());
    expect(claims).toMatchObject({ iss: embedded.runtime.urls.issuer, sub: "auditor", scope: "audit:read" });
  });

  it("is refused for a scope that the client does not have", async () => {
    const { exit, out, err } = await run(["token", "--client", "auditor", "--scope", "payout:start"]);
    expect({ exit, out }).toEqual({ exit: 3, out: "" });
    expect(err).toContain("error: the identity provider refused client auditor a token: invalid_scope");
  });
});

describe("start", () => {
  it("waits for an execution that succeeds, and ends with 0", async () => {
    const { exit, out, err } = await run(
      ["start", "payout", "--input-file", "-", "--wait"],
      '{"amount": 4200}',
    );
    expect({ exit, err }).toEqual({ exit: 0, err: "" });
    expect(out).toMatch(/^started +payout\n/);
    expect(out).toMatch(/\nsubject +payments-app at http:\/\/127\.0\.0\.1:\d+\n/);
    expect(out).toMatch(/\nstatus +SUCCEEDED\n/);
  });

  it("waits for an execution that fails, and ends with 5", async () => {
    const args = ["start", "payout", "--input", '{"amount": 2000000}', "--wait", "--json"];
    const { exit, out } = await run(args);
    expect(exit).toBe(5);
    expect(JSON.parse(out)).toMatchObject({ status: "FAILED", error: "ChargeDeclinedError" });
  });

  it("gives the same key and input the same execution", async () => {
    const args = ["start", "payout", "--input", '{"amount": 5}', "--idempotency-key", "invoice-1207"];
    const [first, second] = [await run(args), await run(args)];
    expect([first.exit, second.exit]).toEqual([0, 0]);
    expect(first.out).toMatch(/^started +payout/);
    expect(second.out).toMatch(/^started before +payout/);
    const arnOf = (out: string) => /arn:\S+/.exec(out)?.[0];
    expect(arnOf(first.out)).toBe(arnOf(second.out));
  });

  it("is refused with 3 for a token without a scope of the workflow", async () => {
    const { exit, out, err } = await run(["start", "payout", "--as", "reports-app"]);
    expect({ exit, out }).toEqual({ exit: 3, out: "" });
    expect(err).toMatch(/^error: "scope" has none .*\(policy\.scope_insufficient.*\)\nfix: {3}\S.*\n$/);
  });

  it("ends with 130 on Ctrl-C while it waits, and says how to go on", async () => {
    const input = '{"amount": 1, "settleAfterSeconds": 600}';
    const { child, finished, out } = startCommand(["start", "payout", "--input", input, "--wait"], env);
    const arn = await eventually("the start", async () => /arn:\S+/.exec(out())?.[0]);
    child.kill("SIGINT");
    const { exit, err } = await finished;
    expect(exit).toBe(130);
    expect(err).toContain(`interrupted; the execution goes on: ${arn}`);
    expect((await run(["stop", arn])).exit).toBe(0);
  });
});

describe("status and stop", () => {
  it("show an execution that runs, and end it with its grant", async () => {
    const arn = await start({ amount: 1, settleAfterSeconds: 600 });
    const running = await run(["status", arn]);
    expect(running.exit).toBe(0);
    expect(running.out).toMatch(/^status +RUNNING\n/);
    expect(running.out).toMatch(/\ngrant +active\n/);

    const stopped = await run(["stop", arn, "--reason", "wrong account"]);
    expect(stopped.exit).toBe(0);
    expect(stopped.out).toContain(arn);
    const ended = await eventually("the end of the execution", async () => {
      const execution = JSON.parse((await run(["status", arn, "--json"])).out);
      return execution.status === "ABORTED" && execution.grant.state !== "active" ? execution : undefined;
    });
    expect(ended.executionArn).toBe(arn);
  });

  it("refuse with 3 an execution that somebody else started, as if there were none", async () => {
    const arn = await start({ amount: 1 });
    for (const command of ["status", "stop"]) {
      const { exit, err } = await run([command, arn, "--as", "other-app"]);
      expect(exit).toBe(3);
      expect(err).toContain("resource.not_found");
    }
  });
});

describe("audit", () => {
  it("prints a table without colours where no terminal is", async () => {
    await start({ amount: 1 });
    const { exit, out, err } = await run(["audit", "--action", "execution.authorized", "--limit", "1"]);
    expect(exit).toBe(0);
    expect(err).toBe("the newest 1 entries; --limit or --all shows more\n");
    const [head, ...rows] = out.trimEnd().split("\n");
    expect(head).toMatch(
      /^TIME \(\S+\) +ACTION +OUTCOME +SUBJECT +CLIENT +SCOPES +ATTRIBUTION +EXECUTION +DETAIL$/,
    );
    expect(rows).toHaveLength(1);
    expect(rows[0]).toMatch(
      /execution\.authorized +success +payments-app +payments-app +payout:start +gate +arn:aws:states:[^ ]+:execution:payout:cs-/,
    );
    expect(out).not.toContain("\u001b");
  });

  it("fits the table into COLUMNS", async () => {
    const { out } = await runCommand(["audit", "--limit", "5"], { ...env, COLUMNS: "90" });
    const lines = out.trimEnd().split("\n");
    expect(lines.length).toBeGreaterThan(10);
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(90);
  });

  it("prints an entry a line as JSON, through all pages, for the filters that are given", async () => {
    const arn = await start({ amount: 1 });
    await embedded.runtime.idle();
    const { exit, out } = await run(["audit", "--execution", arn, "--all", "--json"]);
    expect(exit).toBe(0);
    const actions = await eventually("the end of the execution in the ledger", async () => {
      const entries = jsonLines((await run(["audit", "--execution", arn, "--all", "--json"])).out);
      expect(entries.every(({ executionArn }) => executionArn === arn)).toBe(true);
      return entries[0]?.["action"] === "execution.succeeded"
        ? entries.map(({ action }) => action)
        : undefined;
    });
    expect(actions.toSorted()).toEqual(["execution.authorized", "execution.started", "execution.succeeded"]);
    expect(jsonLines(out).every(({ schema }) => schema === "countersign.entry.v1")).toBe(true);
  });

  it("combines filters, a sub alone being one of the embedded provider", async () => {
    await run(["start", "payout", "--as", "reports-app"]);
    const filters = ["--outcome", "denied", "--subject", "reports-app", "--since", "1h", "--json"];
    const entries = jsonLines((await run(["audit", ...filters])).out);
    expect(entries.length).toBeGreaterThan(0);
    for (const entry of entries) {
      const subject = { iss: embedded.runtime.urls.issuer, sub: "reports-app" };
      expect(entry).toMatchObject({ outcome: "denied", action: "execution.denied", subject });
    }
  });

  it("says so where nothing fits", async () => {
    const { exit, out, err } = await run(["audit", "--client", "nobody"]);
    expect({ exit, out, err }).toEqual({ exit: 0, out: "", err: "no entries\n" });
  });

  it("names what the API does not take, and ends with 2", async () => {
    const { exit, err } = await run(["audit", "--action", "execution.danced"]);
    expect(exit).toBe(2);
    expect(err).toMatch(/^error: --action is execution\.danced, .*\(request\.malformed, option --action/);
  });

  it("follows: shows what is recorded after, and ends on Ctrl-C with 0", async () => {
    const before = await start({ amount: 1 });
    const { child, finished, out } = startCommand(["audit", "--follow", "--json"], env);
    await eventually("the entries before", async () => (out().includes(before) ? true : undefined));
    const after = await start({ amount: 2 });
    await eventually("the new entry", async () =>
      jsonLines(wholeLines(out())).some(({ executionArn }) => executionArn === after) ? true : undefined,
    );
    child.kill("SIGINT");
    const ended = await finished;
    expect({ exit: ended.exit, err: ended.err }).toEqual({ exit: 0, err: "" });
    const ids = jsonLines(ended.out).map(({ entryId }) => entryId);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it("ends quietly when its reader goes, as head does", async () => {
    const { child, finished } = startCommand(["audit", "--all", "--json"], env);
    child.stdout.destroy();
    expect(await finished).toMatchObject({ exit: 0, err: "" });
  });
});

const wholeLines = (out: string): string => out.slice(0, out.lastIndexOf("\n") + 1);

describe("dead-letters", () => {
  it("lists a message that could not be handled and why, and sends it back", async () => {
    const none = await run(["dead-letters", "list"]);
    expect(none).toEqual({ exit: 0, out: "", err: "no dead letters\n" });
    const QueueUrl = embedded.runtime.queueUrls.statusEvents;
    await embedded.sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: '{"not": "an event"}' }));
    const [letter] = await eventually("the dead letter", async () => {
      const letters = jsonLines((await run(["dead-letters", "list", "--json"])).out);
      return letters.length > 0 ? letters : undefined;
    });
    const list = await run(["dead-letters", "list", "--limit", "1"]);
    expect(list.exit).toBe(0);
    expect(list.out).toContain(String(letter?.["id"]));
    expect(list.out).toContain("event.malformed");
    const redriven = await run(["dead-letters", "redrive", String(letter?.["id"])]);
    expect(redriven.exit).toBe(0);
    expect(redriven.out).toMatch(new RegExp(`^(redriven|kept) +${letter?.["id"]}`));
  });
});

describe("what goes wrong", () => {
  it.each([
    [["audit", "--limit", "none"], '--limit is "none", expected a whole number'],
    [["start", "payout", "--input", "[1]"], "--input is an array, expected a JSON object"],
  ])("%j ends with 2", async (args, message) => {
    const { exit, out, err } = await run(args);
    expect({ exit, out }).toEqual({ exit: 2, out: "" });
    expect(err).toContain(message);
  });

  it("ends with 4 where nothing listens", async () => {
    const nothing = { COUNTERSIGN_API: "http://127.0.0.1:1", COUNTERSIGN_TOKEN: "opaque-token" };
    for (const args of [["audit"], ["start", "payout"], ["audit", "--follow"]]) {
      const { exit, err } = await runCommand(args, nothing);
      expect(exit).toBe(4);
      expect(err).toMatch(/^error: no answer from http:\/\/127\.0\.0\.1:1: /);
      expect(err).not.toContain("opaque-token");
    }
  });

  it("ends with 4 where the state folder has no runtime", async () => {
    const { exit, err } = await run(["audit", "--state-dir", "/tmp/countersign-none"]);
    expect(exit).toBe(4);
    expect(err).toContain("/tmp/countersign-none/runtime.json does not exist");
  });
});
