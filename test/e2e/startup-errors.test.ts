import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import type { ConfigInput } from "@countersign/core/config/config";
import { loadConfigFile } from "@countersign/local/runtime/config-file";
import { type Ports, portsFrom } from "@countersign/local/runtime/ports";
import { startRuntime } from "@countersign/local/runtime/runtime";
import { explainStartup } from "@countersign/local/runtime/startup-error";
import { openStateFolder, type StateFolder } from "@countersign/local/runtime/state-folder";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { configInput, freePorts } from "../support/embedded.ts";
import { processesNaming, startProcess, writeConfig } from "../support/runtime-process.ts";

let root: string;
const servers: Server[] = [];
/** Locks last as long as something refers to them. */
const held: StateFolder[] = [];

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), "countersign-startup-"));
  // Other users' processes have to reach what is in it.
  chmodSync(root, 0o755);
});
afterAll(() => {
  for (const server of servers) server.close();
  for (const folder of held) folder.release();
  rmSync(root, { recursive: true, force: true });
});

/** A folder of its own with a configuration that would start, ports that are free, and the arguments for both. */
interface Place {
  readonly folder: string;
  readonly ports: Ports;
  readonly config: string;
  readonly state: string;
}

interface Failure {
  readonly title: string;
  readonly prepare?: (place: Place) => unknown;
  readonly change?: (config: ConfigInput) => unknown;
  readonly args?: (place: Place) => readonly string[];
  readonly user?: number;
  /** What stderr holds, whole. */
  readonly says: RegExp;
}

const failures: readonly Failure[] = [
  ...(["api", "aws", "issuer", "dynamodb", "queues"] as const).map((name) => ({
    title: `the port of ${name} in use`,
    prepare: ({ ports }: Place) => occupy(ports[name]),
    says: /^countersign: port \d+ on 127\.0\.0\.1 is in use: stop what listens there, or choose others with --port$/,
  })),
  {
    title: "a state folder that is a file",
    prepare: ({ state }) => writeFileSync(state, "a letter"),
    says: /state is not a folder: choose another with --state-dir$/,
  },
  {
    title: "a state folder under a file",
    prepare: ({ folder }) => writeFileSync(join(folder, "letter"), ""),
    args: ({ folder }) => ["--state-dir", join(folder, "letter", "state")],
    says: /letter.* is not a folder: choose another with --state-dir$/,
  },
  {
    title: "a state folder that cannot be made",
    args: () => ["--state-dir", "/proc/countersign"],
    says: /\/proc\/countersign.* cannot be made: choose another with --state-dir$/,
  },
  {
    title: "a read-only state folder",
    prepare: ({ state }) => mkdirSync(state, { mode: 0o555 }),
    says: /state may not be written: choose another with --state-dir$/,
    // Nothing is read-only to root.
    ...(process.getuid?.() === 0 && { user: 65_534 }),
  },
  {
    title: "a state folder with something in the way of its data",
    prepare: ({ state }) => mkdirSync(join(state, "aws.db"), { recursive: true }),
    says: /aws\.db cannot be used \(unable to open database file\): move it away, or choose another folder with --state-dir$/,
  },
  ...["aws.db", "authorization-server.db", "queues/fauxqs.db", "lock"].map((file) => ({
    title: `a state folder whose ${file} is damaged`,
    prepare: ({ state }: Place) => damage(join(state, file)),
    says: /\/(aws\.db|authorization-server\.db|fauxqs\.db|lock) cannot be used \(file is not a database\): move it away, or choose another folder with --state-dir$/,
  })),
  {
    title: "a state folder whose tables are damaged",
    prepare: ({ state }) => damage(join(state, "dynamodb.db")),
    says: /the DynamoDB engine did not start with .*dynamodb\.db: .*: if the file is damaged, move it away$/,
  },
  {
    title: "a state folder another runtime is in",
    prepare: ({ state }) => held.push(openStateFolder(state)),
    says: /state is in use by another runtime: stop that one, or choose another folder with --state-dir$/,
  },
  {
    title: "no configuration",
    args: () => ["--config", "nowhere.config.ts"],
    says: /nowhere\.config\.ts does not exist: run this in the project's folder, or name the file with --config$/,
  },
  {
    title: "a configuration that is a folder",
    args: () => ["--config", "."],
    says: / is not a file: run this in the project's folder, or name the file with --config$/,
  },
  {
    title: "a configuration with broken syntax",
    prepare: ({ config }) => writeFileSync(config, "export default {\n  issuers: [\n"),
    says: /countersign\.config\.ts does not load: line \d: Expression expected$/,
  },
  {
    title: "a configuration that throws",
    prepare: ({ config }) => writeFileSync(config, 'throw new Error("line one\\nline two");\n'),
    says: /countersign\.config\.ts does not load: line one$/,
  },
  {
    title: "a configuration without a default export",
    prepare: ({ config }) => writeFileSync(config, "export const config = {};\n"),
    says: /countersign\.config\.ts has no default export, expected defineConfig\(\{ … \}\)$/,
  },
  {
    title: "two invalid fields",
    change: (config) => ({ ...config, retries: 3, workflows: { payout: { stateMachine: "", start: {} } } }),
    says: /countersign\.config\.ts: .*workflows\.payout\.stateMachine: .*unknown field "retries"/,
  },
  {
    title: "a definition that is not there",
    change: withMachine({ definition: "nowhere.asl.json" }),
    says: /nowhere\.asl\.json cannot be read: it is the definition of state machine "payout" in local\.stateMachines$/,
  },
  {
    title: "a definition that is no JSON",
    prepare: ({ folder }) => writeFileSync(join(folder, "broken.asl.json"), "{"),
    change: withMachine({ definition: "broken.asl.json" }),
    says: /broken\.asl\.json: state machine "payout": .*JSON/,
  },
  {
    title: "a definition with what is not done here",
    prepare: ({ folder }) =>
      writeFileSync(
        join(folder, "map.asl.json"),
        JSON.stringify({ StartAt: "Each", States: { Each: { Type: "Parallel", Branches: [], End: true } } }),
      ),
    change: withMachine({ definition: "map.asl.json" }),
    says: /map\.asl\.json: state machine "payout": .*"Parallel" is not supported here at \/States\/Each/,
  },
  {
    title: "a function that is not there",
    change: withMachine({ functions: { "payout-check": "nowhere.ts" } }),
    says: /nowhere\.ts cannot be read: it is the function "payout-check" of state machine "payout" in local\.stateMachines$/,
  },
  {
    title: "a port that is none",
    args: () => ["--port", "http"],
    says: /^countersign: --port is "http", expected a whole number from 1024 to 65530/,
  },
  { title: "an unknown option", args: () => ["--prot", "9400"], says: /^countersign: .*'--prot'/ },
];

/** A process costs a second, so that one of each kind is started as one, and the others in this one. */
const asProcess = new Set([
  "the port of dynamodb in use",
  "a read-only state folder",
  "a state folder another runtime is in",
  "a configuration with broken syntax",
  "two invalid fields",
  "a definition with what is not done here",
  "a port that is none",
  "an unknown option",
]);

describe("a start that cannot be made ends with code 1 and one line on stderr", () => {
  it.concurrent.each(failures.filter(({ title }) => asProcess.has(title)))("for $title", async (failure) => {
    const place = await makePlace(failure);
    const runtime = startProcess(argumentsOf(place, failure), place.folder, failure.user);
    try {
      expect(await runtime.ended).toBe(1);
      expect(runtime.stderr().split("\n")).toEqual([expect.stringMatching(/^countersign: /), ""]);
      expect(runtime.stderr().trimEnd()).toMatch(failure.says);
      expect(runtime.stdout()).toBe("");
      expect(processesNaming(place.folder)).toEqual([]);
    } finally {
      await runtime.kill("SIGKILL");
    }
  });
});

describe("a start that cannot be made is told in one line and leaves nothing running", () => {
  it.each(failures.filter(({ title }) => !asProcess.has(title)))("for $title", async (failure) => {
    const place = await makePlace(failure);
    const explained = explainStartup(await startHere(argumentsOf(place, failure)));
    expect(`countersign: ${explained}`).toMatch(failure.says);
    expect(explained).not.toContain("\n");
    expect(processesNaming(place.folder)).toEqual([]);
  });
});

function argumentsOf(place: Place, { args = () => [] }: Failure): string[] {
  const base = ["--port", String(place.ports.api), "--state-dir", place.state, "--config", place.config];
  return [...base, ...args(place)];
}

/** What a start in this process throws. */
async function startHere(args: string[]): Promise<unknown> {
  const { values } = parseArgs({
    args,
    options: { port: { type: "string" }, "state-dir": { type: "string" }, config: { type: "string" } },
  });
  const ports = portsFrom(Number(values.port));
  try {
    const loaded = await loadConfigFile(values.config ?? "", `http://127.0.0.1:${ports.issuer}`);
    const runtime = await startRuntime({ ...loaded, ports, stateDirectory: values["state-dir"] ?? "" });
    await runtime.close();
  } catch (error) {
    return error;
  }
  throw new Error("it started");
}

async function makePlace({ title, prepare, change }: Failure): Promise<Place> {
  const folder = join(root, title.replaceAll(/[^a-z0-9]+/g, "-"));
  mkdirSync(folder);
  const ports = await freePorts();
  const written = configInput(`http://127.0.0.1:${ports.issuer}`);
  const config = writeConfig(folder, (change ? change(written) : written) as ConfigInput);
  const place = { folder, ports, config, state: join(folder, "state") };
  await prepare?.(place);
  return place;
}

function withMachine(machine: { definition?: string; functions?: Record<string, string> }) {
  return (config: ConfigInput): ConfigInput => ({
    ...config,
    local: {
      ...config.local,
      stateMachines: {
        payout: { definition: "examples/payout/payout.asl.json", functions: {}, ...machine },
      },
    },
  });
}

function damage(file: string): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, "no database, and longer than the header of one".repeat(99));
}

function occupy(port: number): Promise<void> {
  return new Promise((done, fail) => {
    const server = createServer().once("error", fail);
    servers.push(server);
    server.listen(port, "127.0.0.1", done);
  });
}
