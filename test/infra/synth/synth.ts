import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Inputs } from "./attributes.ts";
import type { BuildRequest } from "./command-line.ts";
import { root } from "./place.ts";

export interface Resource {
  readonly type: string;
  readonly name: string;
  readonly retainOnDelete: boolean;
  readonly dependsOn: readonly string[];
  readonly inputs: Inputs;
}

/** A stage as it would be deployed. */
export interface Synthesized {
  readonly app: Inputs;
  readonly outputs: Inputs;
  readonly builds: readonly BuildRequest[];
  readonly resources: readonly Resource[];
}

export interface SynthOptions {
  readonly stage: string;
  /** In place of `countersign.config.ts`. */
  readonly config?: string;
  readonly environment?: Record<string, string>;
}

/** Evaluates a stage. @throws {Error} with what the program said when it fails. */
export async function synth({ stage, config, environment }: SynthOptions): Promise<Synthesized> {
  const folder = mkdtempSync(join(tmpdir(), "countersign-synth-"));
  const file = join(folder, "stage.json");
  try {
    const script = join(import.meta.dirname, "evaluate.ts");
    const own = Object.entries(process.env).filter(([name]) => !/^(AWS|PULUMI|SST|COUNTERSIGN)_/.test(name));
    const child = spawn(process.execPath, [script, stage, file, ...(config ? [config] : [])], {
      cwd: root,
      env: { ...Object.fromEntries(own), COUNTERSIGN_ISSUER: "https://issuer.example", ...environment },
    });
    let said = "";
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (said += chunk));
    const code = await new Promise((resolve) => child.on("close", resolve));
    if (code !== 0) throw new Error(`stage ${stage} can't be evaluated: ${said}`);
    return JSON.parse(readFileSync(file, "utf8")) as Synthesized;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
