import type { Entry } from "@countersign/client/client";
import Table from "cli-table3";
import type { Paint } from "../output/terminal.ts";
import { cut, neutralize, wrap } from "../output/text.ts";
import { localDate, localDateTime, localTime, localZone } from "../output/time.ts";
import {
  actionText,
  attributionText,
  clientText,
  detailText,
  executionText,
  nothing,
  scopesText,
  subjectText,
  workflowText,
} from "./entry-text.ts";

/** Renders entries in the order given; the head is left out for the pages after the first. */
export type EntryTable = (entries: readonly Entry[], hasHead: boolean) => string;

type Line = (entry: Entry, width: number) => string[];

interface Column {
  readonly head: string;
  /** Columns it takes; `rest` shares what the others leave. */
  readonly width: number | "rest";
  readonly lines: Line;
}

const gap = 2;
const timeWidth = 12;
/** The longest action has 27 characters. */
const actionWidth = 27;
/** From this width, an entry fits on one line. */
const wideWidth = 168;
/** Below this width, scopes and detail go under the entry. */
const mediumWidth = 100;
const narrowestWidth = 72;

/**
 * The table that suits the width: one line an entry where there is room (or no limit), two and more where
 * there is less, and scopes and detail on a line of their own below 100 columns.
 */
export function entryTable(width: number | undefined, paint: Paint): EntryTable {
  const columns = columnsFor(width, paint);
  const widths = width === undefined ? undefined : shareWidth(columns, Math.max(width, narrowestWidth));
  const isNarrow = width !== undefined && width < mediumWidth;
  return (entries, hasHead) => {
    const table = new Table({
      chars: borderless,
      style: { head: [], border: [], "padding-left": 0, "padding-right": gap },
      ...(widths && { colWidths: widths }),
    });
    if (hasHead) table.push(columns.map(({ head }) => painted(head, paint)));
    for (const entry of entries) {
      table.push(columns.map(({ lines }, index) => lines(entry, cellWidth(widths, index)).join("\n")));
      if (isNarrow) table.push(...detailRow(entry, columns.length, widths ?? [], paint));
    }
    return table.length === 0 ? "" : `${trimLines(table.toString())}\n`;
  };
}

const borderless = Object.fromEntries(
  ["top", "top-mid", "top-left", "top-right", "bottom", "bottom-mid", "bottom-left", "bottom-right"]
    .concat(["left", "left-mid", "mid", "mid-mid", "right", "right-mid", "middle"])
    .map((name) => [name, ""]),
);

function columnsFor(width: number | undefined, paint: Paint): Column[] {
  if (width === undefined) return wideColumns(paint, wholeText);
  if (width >= wideWidth) return wideColumns(paint, placeText);
  const stacked = stackedColumns(paint);
  return width < mediumWidth ? stacked.slice(0, -1) : stacked;
}

function wideColumns(paint: Paint, place: (entry: Entry) => string): Column[] {
  return [
    column(timeHead(" ", 23), 23, ({ occurredAt }) => localDateTime(occurredAt)),
    column("ACTION", actionWidth, actionText),
    column("OUTCOME", 8, (entry) => paintOutcome(entry, paint)),
    column("SUBJECT", "rest", subjectText),
    column("CLIENT", "rest", clientText),
    column("SCOPES", "rest", scopesText),
    column("ATTRIBUTION", 15, (entry) => paintAttribution(entry, paint)),
    column("EXECUTION", "rest", place),
    column("DETAIL", "rest", detailText),
  ];
}

/** The zone is left out where it does not fit. */
function timeHead(separator: string, width: number): string {
  const head = `TIME${separator}(${localZone()})`;
  return head.split("\n").every((line) => line.length <= width) ? head : "TIME";
}

function stackedColumns(paint: Paint): Column[] {
  return [
    stack(timeHead("\n", timeWidth), timeWidth, ({ occurredAt }) => [
      localTime(occurredAt),
      paint("dim", localDate(occurredAt)),
    ]),
    stack("ACTION\nOUTCOME", actionWidth, (entry) => [actionText(entry), judgement(entry, paint)]),
    stack("SUBJECT\nCLIENT", "rest", (entry) => [subjectText(entry), clientText(entry)]),
    stack("WORKFLOW\nEXECUTION", "rest", (entry) => [workflowText(entry), executionText(entry)]),
    {
      head: "SCOPES\nDETAIL",
      width: "rest",
      lines: (entry, width) => said(entry).flatMap((text) => wrap(text, width)),
    },
  ];
}

/** Scopes and detail under the other columns, for a terminal too narrow to put them beside. */
function detailRow(entry: Entry, columns: number, widths: readonly number[], paint: Paint) {
  const rest = widths.slice(1).reduce((sum, width) => sum + width, 0) - gap;
  const lines = said(entry).flatMap((text) => wrap(text, rest));
  if (lines.length === 0) return [];
  const content = lines.map((line) => paint("dim", line)).join("\n");
  return [["", { content, colSpan: columns - 1 }]];
}

const said = (entry: Entry): string[] =>
  [scopesText(entry), detailText(entry)].filter((text) => text !== nothing);

function placeText(entry: Entry): string {
  const execution = executionText(entry);
  return execution === nothing ? workflowText(entry) : `${workflowText(entry)}/${execution}`;
}

/** What other commands take, where there is room for it. */
function wholeText(entry: Entry): string {
  return entry.executionArn === undefined ? placeText(entry) : neutralize(entry.executionArn);
}

function judgement(entry: Entry, paint: Paint): string {
  const outcome = paintOutcome(entry, paint);
  return entry.attribution === undefined ? outcome : `${outcome} · ${paintAttribution(entry, paint)}`;
}

const outcomeColours = new Map<string, "green" | "red" | "yellow" | "magenta">([
  ["success", "green"],
  ["failure", "red"],
  ["denied", "yellow"],
  ["unknown", "magenta"],
]);

/** An outcome that a newer API knows and this table does not is shown without a colour. */
function paintOutcome({ outcome }: Entry, paint: Paint): string {
  const colour = outcomeColours.get(outcome);
  return colour ? paint(colour, outcome) : neutralize(outcome);
}

function paintAttribution(entry: Entry, paint: Paint): string {
  const text = attributionText(entry);
  return entry.attribution === "none" ? paint(["yellow", "bold"], text) : text;
}

function column(head: string, width: Column["width"], text: (entry: Entry) => string): Column {
  return { head, width, lines: (entry, room) => [fit(text(entry), room)] };
}

function stack(head: string, width: Column["width"], lines: (entry: Entry) => string[]): Column {
  return { head, width, lines: (entry, room) => lines(entry).map((line) => fit(line, room)) };
}

/** Each line by itself, so that no style runs over into the column beside it. */
function painted(head: string, paint: Paint): string {
  return head
    .split("\n")
    .map((line) => paint("bold", line))
    .join("\n");
}

/** A styled text always fits, since the fixed columns have room for all that they can hold. */
function fit(text: string, room: number): string {
  return text.includes("\u001b") ? text : cut(text, room);
}

/** Widths with the gap that follows each column. */
function shareWidth(columns: readonly Column[], width: number): number[] {
  const fixed = columns.reduce((sum, one) => sum + (one.width === "rest" ? gap : one.width + gap), -gap);
  const sharing = columns.filter((one) => one.width === "rest").length;
  const share = Math.floor((width - fixed) / sharing);
  const spare = width - fixed - share * sharing;
  return columns.map((one, index) => {
    if (one.width !== "rest") return one.width + gap;
    // what does not divide evenly goes to the last column, which has the longest texts
    return share + gap + (index === columns.length - 1 ? spare : 0);
  });
}

function cellWidth(widths: readonly number[] | undefined, index: number): number {
  return widths === undefined ? Number.POSITIVE_INFINITY : (widths[index] ?? gap) - gap;
}

function trimLines(text: string): string {
  return text.replace(/[ \t]+$/gm, "");
}
