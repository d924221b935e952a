import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { type StageName, stageFile, stages } from "./stages.ts";
import { synth } from "./synth/synth.ts";

/** Evaluates each stage once for all tests. */
export async function setup(): Promise<void> {
  const names = Object.keys(stages) as StageName[];
  mkdirSync(dirname(stageFile("prod")), { recursive: true });
  await Promise.all(
    names.map(async (name) => writeFileSync(stageFile(name), JSON.stringify(await synth(stages[name])))),
  );
}

export function teardown(): void {
  rmSync(dirname(stageFile("prod")), { recursive: true, force: true });
}
