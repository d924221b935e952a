import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { currentLoad, renderDocument, renderSection, type Section } from "./report.ts";

const document = fileURLToPath(new URL("../../docs/benchmarks.md", import.meta.url));

/** Each loads its own modules, so that one does not warm what another measures. */
const benchmarks: Readonly<Record<string, () => Promise<Section>>> = {
  gate: async () => (await import("./gate.ts")).benchGate(),
  recorder: async () => (await import("./recorder.ts")).benchRecorder(),
  verification: async () => (await import("./verification.ts")).benchVerification(),
  "write-units": async () => (await import("./write-units.ts")).benchWriteUnits(),
  starts: async () => (await import("./starts.ts")).benchStarts(),
  "start-up": async () => (await import("./start-up.ts")).benchStartUp(),
};

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { only: { type: "string" } } });
  const only = values.only;
  if (only !== undefined && !(only in benchmarks)) {
    throw new Error(`--only is "${only}", expected one of ${Object.keys(benchmarks).join(", ")}`);
  }
  const began = performance.now();
  const before = currentLoad();
  const sections: Section[] = [];
  for (const [name, run] of Object.entries(benchmarks)) {
    if (only !== undefined && only !== name) continue;
    process.stderr.write(`${name} …\n`);
    sections.push(await run());
  }
  for (const section of sections) process.stdout.write(`${renderSection(section)}\n\n`);
  if (only !== undefined) return;
  const seconds = (performance.now() - began) / 1000;
  writeFileSync(document, renderDocument(sections, { before, after: currentLoad() }, seconds));
  process.stderr.write(`docs/benchmarks.md is written, after ${Math.round(seconds)} s\n`);
}

try {
  await main();
  process.exit(0);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  process.exit(1);
}
