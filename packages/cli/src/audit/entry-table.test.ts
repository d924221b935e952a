import { stripVTControlCharacters, styleText } from "node:util";
import type { Entry } from "@countersign/client/client";
import fc from "fast-check";
import { describe, expect, it, vi } from "vitest";
import type { Paint } from "../output/terminal.ts";
import { columnsOf } from "../output/text.ts";
import { localDate, localDateTime, localTime } from "../output/time.ts";
import { entryWith, executionArn } from "../testing/entry.ts";
import { entryTable } from "./entry-table.ts";

const plain: Paint = (_format, text) => text;
const coloured: Paint = (format, text) => styleText(format, text, { validateStream: false });
const widths = [72, 100, 168] as const;

const denied = entryWith({
  entryId: "e2",
  action: "execution.denied",
  outcome: "denied",
  scopes: ["reports:read"],
  error: { name: "RefusedError", code: "policy.scope_insufficient" },
  detail: { requiredScopes: ["payout:start"] },
});

function render(entries: readonly Entry[], width: number | undefined, paint = plain): string[] {
  return entryTable(width, paint)(entries, true).trimEnd().split("\n");
}

describe("the table", () => {
  it("puts an entry on one line, uncut, where the width is unlimited", () => {
    const lines = render([entryWith(), denied], undefined);
    expect(lines).toHaveLength(3);
    const heads = "TIME ACTION OUTCOME SUBJECT CLIENT SCOPES ATTRIBUTION EXECUTION DETAIL";
    expect(lines[0]?.replace(/^TIME \(\S+\)/, "TIME").split(/ +/)).toEqual(heads.split(" "));
    expect(lines[1]?.split(/ {2,}/)).toEqual(
      [localDateTime(denied.occurredAt), "execution.authorized", "success", "alice", "payments-app"].concat([
        "payout:start",
        "gate",
        executionArn,
        "-",
      ]),
    );
    expect(lines[2]).toMatch(/ policy\.scope_insufficient, needs payout:start$/);
  });

  it("puts an entry on one line at 168 columns, and cuts what is too long with an ellipsis", () => {
    const [, line, ...more] = render([entryWith({ clientId: "c".repeat(60) })], 168);
    expect(more).toEqual([]);
    expect(line).toMatch(/ c+… /);
  });

  it("stacks an entry in two lines at 100 columns, scopes and detail beside it", () => {
    const [head, head2, first, second, ...more] = render([denied], 100);
    expect(head?.split(/ +/)).toEqual(["TIME", "ACTION", "SUBJECT", "WORKFLOW", "SCOPES"]);
    expect(
      head2
        ?.replace(/^\(\S+\)/, "")
        .trim()
        .split(/ +/),
    ).toEqual(["OUTCOME", "CLIENT", "EXECUTION", "DETAIL"]);
    expect(first).toMatch(`${localTime(denied.occurredAt)}  execution.denied `);
    expect(first).toMatch(/ alice +payout +reports:read$/);
    expect(second).toMatch(
      new RegExp(`^${localDate(denied.occurredAt)} +denied · gate +payments-app +cs-4f`),
    );
    expect([second, ...more].join(" ").replace(/ +/g, " ")).toContain("policy.scope_in");
  });

  it.each([
    ["UTC", "TIME (UTC) ", "(UTC) "],
    ["Europe/Berlin", "TIME (Europe/Berlin) ", "  "],
    ["America/Argentina/Buenos_Aires", "TIME   ", "  "],
  ])("names the zone %s of its times where it fits", (zone, wide, stacked) => {
    vi.stubEnv("TZ", zone);
    expect(render([denied], undefined)[0]?.startsWith(wide)).toBe(true);
    expect(render([denied], 100)[1]?.startsWith(stacked)).toBe(true);
    vi.unstubAllEnvs();
  });

  it("puts scopes and detail under the entry at 72 columns, uncut", () => {
    const lines = render([denied], 72);
    expect(lines[0]).not.toContain("SCOPES");
    expect(lines.slice(4).map((line) => line.trim())).toEqual([
      "reports:read",
      "policy.scope_insufficient, needs payout:start",
    ]);
  });

  it("is no narrower than 72 columns", () => {
    expect(render([denied], 20)).toEqual(render([denied], 72));
  });

  it.each(widths)("fits into %i columns, wide characters or narrow, coloured or not", (width) => {
    fc.assert(
      fc.property(fc.array(entryOf(mixed), { maxLength: 4 }), fc.boolean(), (entries, isColoured) => {
        for (const line of render(entries, width, isColoured ? coloured : plain)) {
          expect(columnsOf(stripVTControlCharacters(line))).toBeLessThanOrEqual(width);
        }
      }),
      { numRuns: 60 },
    );
  });

  it.each([...widths, undefined])("shows no control character of the data at width %s", (width) => {
    fc.assert(
      fc.property(fc.array(entryOf(fc.string({ unit: "binary" })), { maxLength: 4 }), (entries) => {
        expect(entryTable(width, plain)(entries, true)).not.toMatch(/[^\n\P{Cc}]|[\p{Cf}\p{Zl}\p{Zp}]/u);
      }),
      { numRuns: 60 },
    );
  });

  it("shows an escape sequence in the data as text", () => {
    const text = render(
      [entryWith({ subject: { iss: "https://i", sub: "\u001b[31mroot\u0007" } })],
      undefined,
    );
    expect(text[1]).toContain("\\u{1b}[31mroot\\u{7}");
  });

  it("leaves the head out for later pages", () => {
    const table = entryTable(undefined, plain);
    expect(table([denied], false)).not.toContain("TIME");
    expect(table([], false)).toBe("");
  });

  it("calls an execution that nobody answers for unattributed", () => {
    const { subject, clientId, scopes, ...around } = entryWith({ attribution: "none" });
    expect(render([around], undefined)[1]).toContain("unattributed");
  });

  it("tells when an entry was recorded much later than it happened", () => {
    const late = entryWith({ recordedAt: denied.occurredAt + 90_000 });
    expect(render([late], undefined)[1]).toContain(`recorded ${localTime(late.recordedAt)}`);
    expect(render([entryWith()], undefined)[1]).not.toContain("recorded");
  });

  it("tells details in words, and nothing of digests and empty lists", () => {
    const minute = Date.UTC(2026, 10, 24, 4, 9);
    const detail = {
      minute,
      count: 7,
      isAtLeast: true,
      isFollowing: true,
      subjectDigest: "9f86d081884c7d65",
      letters: [],
      isContinued: false,
    };
    const [, line] = render([entryWith({ detail })], undefined);
    expect(line).toContain(`  minute ${localTime(minute).slice(0, 5)}, count 7, at least, following`);
    expect(line).toMatch(/following$/);
  });

  it("shows details that are named like members of every object", () => {
    const odd = entryWith({ detail: { valueOf: "a", constructor: "b", toString: 4 } });
    expect(render([odd], undefined)[1]).toContain("valueOf a, constructor b, toString 4");
  });

  it("shows an outcome that it does not know, without a colour", () => {
    const newer = entryWith({ outcome: "postponed\u001b[0m" as Entry["outcome"] });
    const [, line] = render([newer], undefined, coloured);
    expect(line).toContain("postponed\\u{1b}[0m");
  });
});

// characters that every table of widths agrees on, and those that must not reach the terminal
const mixed = fc.string({
  unit: fc.constantFrom(
    ..."abcXYZ019-_:/. é支払担当한🙂",
    "e\u0301",
    "\u001b[2J",
    "\t",
    "\r\n",
    "\u202e",
    "\ud800",
  ),
  maxLength: 60,
});

const entryOf = (text: fc.Arbitrary<string>): fc.Arbitrary<Entry> =>
  fc
    .record({
      sub: text,
      clientId: text,
      scope: text,
      workflow: text,
      name: text,
      detail: fc.dictionary(text, text, { maxKeys: 3 }),
      outcome: fc.constantFrom("success", "failure", "denied", "unknown"),
      attribution: fc.constantFrom("gate", "child", "trusted_starter", "none"),
    })
    .map(({ sub, scope, name, ...rest }) =>
      entryWith({
        ...(rest as Partial<Entry>),
        subject: { iss: "https://login.example.com", sub },
        scopes: [scope],
        error: { name },
        executionArn: `arn:aws:states:us-east-1:0:execution:payout:${name}`,
      }),
    );
