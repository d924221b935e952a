import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { exitCodeMeanings, exitCodes } from "./output/exit-codes.ts";
import { run } from "./program.ts";
import { memoryTerminal } from "./testing/memory-terminal.ts";
import { serve } from "./testing/serve.ts";

const commands = [
  "token",
  "start",
  "status",
  "stop",
  "audit",
  "dead-letters",
  "dead-letters list",
  "dead-letters redrive",
  "erase",
  "up",
] as const;

async function type(line: string | readonly string[], env: NodeJS.ProcessEnv = {}) {
  const terminal = memoryTerminal({ env });
  const exitCode = await run(typeof line === "string" ? line.split(" ").filter(Boolean) : line, terminal);
  return { exitCode, out: terminal.printed.join(""), err: terminal.noticed.join("\n") };
}

describe("help", () => {
  it("names every command, the words, where API and token come from, and every exit code", async () => {
    const { exitCode, out, err } = await type("--help");
    expect({ exitCode, err }).toEqual({ exitCode: exitCodes.ok, err: "" });
    for (const command of commands) expect(out).toMatch(new RegExp(`^ {2}${command.split(" ")[0]}\\b`, "m"));
    for (const word of ["subject", "grant", "ledger", "attribution", "dead letter"])
      expect(out).toContain(`  ${word} `);
    for (const name of ["COUNTERSIGN_API", "COUNTERSIGN_TOKEN", "NO_COLOR"]) expect(out).toContain(name);
    for (const [code, meaning] of Object.entries(exitCodeMeanings)) {
      expect(out).toMatch(new RegExp(`^ {2}${code} +${meaning.slice(0, 20)}`, "m"));
    }
  });

  it.each(commands)("of %s has examples that begin with the command itself", async (command) => {
    const { exitCode, out } = await type(`${command} --help`);
    expect(exitCode).toBe(exitCodes.ok);
    expect(out).toMatch(new RegExp(`Examples:\n.*countersign ${command}`));
    expect(out).toContain("Exit codes:");
  });

  it.each([
    "",
    "dead-letters",
  ])('of "%s" is given where the command is left out, as a mistake', async (line) => {
    const { exitCode, out, err } = await type(line);
    expect({ exitCode, out }).toEqual({ exitCode: exitCodes.usage, out: "" });
    expect(err).toContain("Usage: countersign");
  });

  it("is the one place beside the README that says what the exit codes are", () => {
    const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");
    for (const [code, meaning] of Object.entries(exitCodeMeanings))
      expect(readme).toContain(`| ${code} | ${meaning} |`);
  });
});

describe("the version", () => {
  it("is that of the package", async () => {
    const { version } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
    expect(await type("--version")).toEqual({ exitCode: exitCodes.ok, out: `${version}\n`, err: "" });
  });
});

describe("what is typed wrong", () => {
  it.each([
    ["audti", "error: unknown command 'audti'\n(Did you mean audit?)", "countersign --help"],
    ["audit --limt 3", "error: unknown option '--limt'\n(Did you mean --limit?)", "countersign audit --help"],
    ["audit --limit", "error: option '--limit <count>' argument missing", "countersign audit --help"],
    ["audit --limit ten", 'error: --limit is "ten", expected a whole number of at least 1', "--limit 50"],
    ["audit --limit 0", 'error: --limit is "0", expected a whole number of at least 1', "--limit 50"],
    ["audit --since soon", 'error: --since is "soon", which is not a time', "as in 15m"],
    ["audit --until 2026-99", 'error: --until is "2026-99", which is not a time', "as in 15m"],
    [
      "audit --outcome bad",
      "error: option '--outcome <outcome>' argument 'bad' is invalid. Allowed choices are success, failure, denied, unknown.",
      "countersign audit --help",
    ],
    [
      "audit --attribution nobody",
      "error: option '--attribution <kind>' argument 'nobody' is invalid",
      "countersign audit --help",
    ],
    [
      "audit --all --limit 5",
      "error: option '--all' cannot be used with option '--limit <count>'",
      "countersign audit --help",
    ],
    [
      "audit --follow --until 1h",
      "error: option '--follow' cannot be used with option '--until <time>'",
      "countersign audit --help",
    ],
    ["audit payout", "error: too many arguments for 'audit'", "countersign audit --help"],
    ["start", "error: missing required argument 'workflow'", "countersign start --help"],
    [
      "start payout --input {} --input-file -",
      "error: option '--input-file <file>' cannot be used with option '--input <json>'",
      "countersign start --help",
    ],
    [
      "start payout --input {a}",
      'error: --input is not usable JSON: line 1, column 2: expected a name in double quotes or "}"',
      "a JSON object",
    ],
    ["status", "error: missing required argument 'execution'", "countersign status --help"],
    ["stop", "error: missing required argument 'execution'", "countersign stop --help"],
    [
      "dead-letters lst",
      "error: unknown command 'lst'\n(Did you mean list?)",
      "countersign dead-letters --help",
    ],
    ["dead-letters list --limit -1", 'error: --limit is "-1", expected a whole number', "--limit 50"],
    [
      "erase --yes",
      "error: required option '--subject <subject...>' not specified",
      "countersign erase --help",
    ],
    ["erase --subject https://idp.example ada", "error: an erasure cannot be taken back", "add --yes"],
    ["up --port 80", 'error: --port is "80", expected a whole number from 1024 to 65530', "--port 1024"],
    ["token --scope", "error: option '--scope <scope...>' argument missing", "countersign token --help"],
  ])("%s is answered with what is wrong and what helps", async (line, error, fix) => {
    const { exitCode, out, err } = await type(line);
    expect({ exitCode, out }).toEqual({ exitCode: exitCodes.usage, out: "" });
    expect(err.startsWith(error)).toBe(true);
    expect(err.split("\n").at(-1)).toMatch(/^fix: {3}/);
    expect(err).toContain(fix);
  });

  it("is never repeated with a token or a control character in it", async () => {
    const { err } = await type(["audit", "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhIn0.c2ln", "\u001b[2J"]);
    expect(err).toContain("[token]");
    expect(err).not.toContain("eyJ");
    expect(err).not.toContain("\u001b");
  });

  it.each([
    "audit",
    "start",
    "status",
    "stop",
    "token",
    "dead-letters list",
  ])("%s takes no token as an option", async (command) => {
    const { exitCode, err } = await type(`${command} --token secret`);
    expect(exitCode).toBe(exitCodes.usage);
    expect(err).toMatch(/unknown option '--token'|missing required argument/);
  });
});

describe("a token of the environment", () => {
  it("goes to the API that is named, and nowhere into what is printed", async () => {
    const problem = {
      code: "policy.scope_insufficient",
      detail: '"scope" lacks "audit:read"',
      fix: "ask for it",
    };
    const server = await serve(() => ({ status: 403, body: problem }));
    const env = { COUNTERSIGN_API: server.url, COUNTERSIGN_TOKEN: "opaque-access-token" };
    const { exitCode, out, err } = await type("audit", env);
    server.close();
    expect({ exitCode, out }).toEqual({ exitCode: exitCodes.refused, out: "" });
    expect(err).toBe('error: "scope" lacks "audit:read" (policy.scope_insufficient)\nfix:   ask for it');
    expect(server.received[0]?.headers["authorization"]).toBe("Bearer opaque-access-token");
  });

  it("is refused where it is not one, without being repeated", async () => {
    const env = { COUNTERSIGN_API: "http://127.0.0.1:1", COUNTERSIGN_TOKEN: '"quoted secret"' };
    const { exitCode, err } = await type("audit", env);
    expect(exitCode).toBe(exitCodes.usage);
    expect(err).toContain("COUNTERSIGN_TOKEN does not hold a bearer token");
    expect(err).not.toContain("secret");
  });

  it("is not sent in the clear over the network", async () => {
    const { exitCode, err } = await type("audit --api http://api.example.com", {
      COUNTERSIGN_TOKEN: "opaque",
    });
    expect(exitCode).toBe(exitCodes.usage);
    expect(err).toContain("expected https");
  });
});

describe("erase", () => {
  const env = { COUNTERSIGN_TOKEN: "opaque-access-token" };

  it.each([
    [true, "erased: what was encrypted for this subject cannot be read any more\nentry  e1\n"],
    [false, "nothing was kept of this subject beside the ledger\nentry  e1\n"],
  ])("says what came of it when something was found: %s", async (found, printed) => {
    const server = await serve(() => ({ body: { entryId: "e1", found } }));
    const line = `erase --subject https://idp.example ada --yes --api ${server.url}`;
    const { exitCode, out } = await type(line, env);
    server.close();
    expect({ exitCode, out }).toEqual({ exitCode: exitCodes.ok, out: printed });
    expect(server.received[0]).toMatchObject({ method: "POST" });
    expect(JSON.parse(server.received[0]?.body ?? "")).toEqual({ iss: "https://idp.example", sub: "ada" });
  });

  it("asks for nothing without --yes", async () => {
    const server = await serve(() => ({ body: { entryId: "e1", found: true } }));
    await type(`erase --subject https://idp.example ada --api ${server.url}`, env);
    server.close();
    expect(server.received).toEqual([]);
  });
});
