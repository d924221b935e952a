/**
 * Evaluates `sst.config.ts` for one stage with SST's own components, and prints every resource it asks for as JSON.
 * AWS is not there: what it would answer is made up in `attributes.ts` and `lookups.ts`.
 *
 *     node test/infra/synth/evaluate.ts <stage> <output file> [configuration]
 *
 * A process of its own, because Pulumi keeps its state in the process.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Inputs, stateOf } from "./attributes.ts";
import { type BuildRequest, startCommandLine } from "./command-line.ts";
import { lookUp } from "./lookups.ts";
import { platform, region, root } from "./place.ts";
import { loadProgram, requireFromPlatform } from "./program.ts";

interface Resource {
  readonly type: string;
  readonly name: string;
  readonly custom: boolean;
  readonly retainOnDelete: boolean;
  readonly dependsOn: string[];
  readonly inputs: Inputs;
}

interface RegisterRequest {
  getType(): string;
  getName(): string;
  getCustom(): boolean;
  getRetainondelete(): boolean;
  getDependenciesList(): string[];
  getObject(): unknown;
}

const [stage = "test", outputFile, config] = process.argv.slice(2);
const errors: unknown[] = [];
const resources: Resource[] = [];
let outputs: unknown;

process.on("unhandledRejection", (error) => errors.push(error));
process.on("uncaughtException", (error) => errors.push(error));

const work = mkdtempSync(join(tmpdir(), "countersign-infra-"));
process.on("exit", () => rmSync(work, { recursive: true, force: true }));

stayOnLoopback();
const commandLine = await startCommandLine(work);
process.env["SST_SERVER"] = commandLine.url;
process.env["SST_AWS_REGION"] = region;
Object.assign(globalThis, {
  $dev: false,
  $cli: {
    command: "deploy",
    rpc: commandLine.url,
    state: { version: {} },
    paths: { home: work, root, work, platform },
  },
  $app: {},
});
const program = await loadProgram(config);
const app = { removal: "retain", protect: false, ...(await program.config.app({ stage })), stage };
Object.assign((globalThis as unknown as { $app: object }).$app, app);
await mockPulumi();
const { runInPulumiStack } = requireFromPlatform("@pulumi/pulumi").runtime;
runInPulumiStack(() => program.run(program.config.run)).then(
  (result: unknown) => {
    outputs = result;
  },
  (error: unknown) => errors.push(error),
);
// A Pulumi program has ended when nothing is left to wait for.
process.once("beforeExit", report);

function stayOnLoopback(): void {
  const connect = Socket.prototype.connect as (...args: unknown[]) => Socket;
  Socket.prototype.connect = function (this: Socket, ...args: unknown[]) {
    const [first] = args.flat() as { host?: string }[];
    if (first?.host !== undefined && !["127.0.0.1", "localhost"].includes(first.host)) {
      throw new Error(`the program reaches for ${first.host}`);
    }
    return connect.apply(this, args);
  };
}

async function mockPulumi(): Promise<void> {
  const pulumi = requireFromPlatform("@pulumi/pulumi");
  const mocks = {
    newResource: ({
      custom,
      type,
      name,
      inputs,
    }: {
      custom: boolean;
      type: string;
      name: string;
      inputs: Inputs;
    }) =>
      custom && !type.startsWith("pulumi:") ? stateOf(type, name, inputs) : { id: undefined, state: inputs },
    call: ({ token, inputs }: { token: string; inputs: Inputs }) => lookUp(token, inputs),
  };
  const closures = requireFromPlatform("@pulumi/pulumi/runtime/closure/serializeClosure");
  closures.serializeFunction = async () => ({ text: "", containsSecrets: false });
  await pulumi.runtime.setMocks(mocks, "countersign", stage, false);
  // The mocks are not told of a resource's options, so they are read from the request itself.
  const { MockMonitor } = requireFromPlatform("@pulumi/pulumi/runtime/mocks");
  const { deserializeProperties } = requireFromPlatform("@pulumi/pulumi/runtime/rpc");
  const register = MockMonitor.prototype.registerResource;
  MockMonitor.prototype.registerResource = function (request: RegisterRequest, answer: unknown) {
    const { __provider, ...inputs } = deserializeProperties(request.getObject());
    resources.push({
      type: request.getType(),
      name: request.getName(),
      custom: request.getCustom(),
      retainOnDelete: request.getRetainondelete(),
      dependsOn: request
        .getDependenciesList()
        .map((urn) => urn.split("::").at(-1) ?? "")
        .sort(),
      inputs,
    });
    return register.call(this, request, answer);
  };
}

function report(): void {
  if (errors.length > 0 || outputs === undefined) {
    for (const error of new Set(errors)) console.error(error);
    console.error(outputs === undefined ? "the program did not end" : `${errors.length} errors`);
    process.exit(1);
  }
  const sorted = resources.toSorted((a, b) =>
    `${a.type} ${a.name}`.localeCompare(`${b.type} ${b.name}`, "en"),
  );
  const builds = commandLine.builds.map(
    ({ functionID, handler, runtime, properties, copyFiles }: BuildRequest) => ({
      functionID,
      handler,
      runtime,
      properties,
      copyFiles,
    }),
  );
  const result = { app, outputs: plain(outputs), builds, resources: plain(sorted) };
  writeFileSync(outputFile ?? "/dev/stdout", JSON.stringify(result, null, 2).replaceAll(work, "<work>"));
}

/** Without Pulumi's wrappers of secrets. */
function plain(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(plain);
  const members = value as Record<string, unknown>;
  if ("4dabf18193072939515e22adb298388d" in members && "value" in members) return plain(members["value"]);
  return Object.fromEntries(Object.entries(members).map(([name, member]) => [name, plain(member)]));
}
