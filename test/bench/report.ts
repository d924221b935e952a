import { readFileSync } from "node:fs";
import { availableParallelism, cpus, loadavg, release, totalmem, type } from "node:os";
import { fileURLToPath } from "node:url";
import { engineVersion } from "@countersign/local/dynamodb/resolve-engine";

export interface Table {
  readonly caption?: string;
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** A figure that was asked for, and what it came to. */
export interface Verdict {
  readonly figure: string;
  readonly value: string;
  readonly target: string;
  readonly met: boolean;
}

/** What one benchmark found. */
export interface Section {
  /** As `--only` takes it. */
  readonly name: string;
  readonly title: string;
  readonly method: string;
  readonly verdicts: readonly Verdict[];
  readonly tables: readonly Table[];
  readonly notes: readonly string[];
}

/** The machine's load over the last minute, told before anything is measured and after everything. */
export interface Load {
  readonly before: number;
  readonly after: number;
}

/** Above it others use the machine, and times say less. */
const quietLoad = 0.5 * availableParallelism();

export function currentLoad(): number {
  return loadavg()[0] ?? Number.NaN;
}

/** The whole document, from one run. */
export function renderDocument(sections: readonly Section[], load: Load, seconds: number): string {
  return `${[
    "# Benchmarks",
    "Written by `npm run bench`; every figure is from the one run described here. A ratio holds on other machines better than a time does, and so does a difference between two things measured in turn.",
    renderTable({ head: ["", ""], rows: machine(load, seconds) }),
    ...(load.before > quietLoad ? [busyWarning(load)] : []),
    renderTable({
      head: ["figure", "measured", "target", "verdict"],
      rows: sections.flatMap(({ verdicts }) => verdicts.map(verdictRow)),
    }),
    ...sections.map(renderSection),
  ].join("\n\n")}\n`;
}

export function renderSection({ name, title, method, verdicts, tables, notes }: Section): string {
  const judged = { head: ["figure", "measured", "target", "verdict"], rows: verdicts.map(verdictRow) };
  return [
    `## ${title}`,
    method,
    ...(verdicts.length > 0 ? [renderTable(judged)] : []),
    ...tables.map(renderTable),
    ...notes,
    `Again: \`npm run bench -- --only ${name}\``,
  ].join("\n\n");
}

function renderTable({ caption, head, rows }: Table): string {
  const lines = [head, head.map(() => "---"), ...rows].map((row) => `| ${row.join(" | ")} |`);
  return [...(caption === undefined ? [] : [`${caption}\n`]), ...lines].join("\n");
}

function busyWarning({ before }: Load): string {
  return `**The machine was in use by others (load average ${before.toFixed(2)} before the run): times are longer than on a quiet one.**`;
}

function verdictRow({ figure, value, target, met }: Verdict): string[] {
  return [figure, value, target, met ? "met" : "**missed**"];
}

function machine({ before, after }: Load, seconds: number): string[][] {
  const [cpu] = cpus();
  return [
    ["date", new Date().toISOString().slice(0, 10)],
    [
      "machine",
      `${availableParallelism()} cores, ${cpu?.model.trim()}, ${gib(totalmem())} GiB, ${type()} ${release()}`,
    ],
    ["load average (1 min)", `${before.toFixed(2)} before, ${after.toFixed(2)} after`],
    ["Node", process.version],
    ["DynamoDB engine", `dynoxide ${engineVersion}, on disk`],
    ["authorization server", `oidc-provider ${installed("oidc-provider")}`],
    ["AWS SDK", installed("@aws-sdk/client-dynamodb")],
    ["jose", installed("jose")],
    ["took", `${Math.round(seconds)} s`],
  ];
}

function gib(bytes: number): number {
  return Math.round(bytes / 2 ** 30);
}

function installed(name: string): string {
  const manifest = fileURLToPath(new URL(`../../node_modules/${name}/package.json`, import.meta.url));
  return (JSON.parse(readFileSync(manifest, "utf8")) as { version: string }).version;
}
