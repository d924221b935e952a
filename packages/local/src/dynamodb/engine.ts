import { once } from "node:events";
import { mkdirSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { StartupError } from "../runtime/startup-error.ts";
import { lockDataFile } from "./data-file-lock.ts";
import { resolveEngine } from "./resolve-engine.ts";
import { endpointSetting } from "./settings.ts";
import { type ProcessExit, type SupervisedProcess, startSupervised } from "./supervised-process.ts";

export interface DynamoEngineOptions {
  /** Where a missing engine is installed. */
  stateDirectory: string;
  /** The engine's data file; tables are kept in it over restarts. */
  dataFile: string;
  /** A free port unless given. */
  port?: number;
  /** A DynamoDB endpoint to use in place of starting an engine. */
  endpoint?: string;
  /** Told when the engine ends without being asked to; written to stderr unless given. */
  onCrash?: (error: Error) => void;
}

/** A DynamoDB endpoint, and what keeps it alive. */
export interface DynamoEngine {
  /** For `AWS_ENDPOINT_URL_DYNAMODB`. */
  readonly endpoint: string;
  /** The engine's process; none when the endpoint is someone else's. */
  readonly pid: number | undefined;
  /** Stops the engine, and resolves once its data file is free. */
  stop(): Promise<void>;
}

const startLimitMs = 10_000;
const startAttempts = 3;

/**
 * Starts the DynamoDB-compatible engine on 127.0.0.1 and resolves once it answers, or checks that the given
 * endpoint does.
 *
 * Every acknowledged write survives the end of the engine or of this process, however it comes; the engine
 * ends with this process. It does not expire items (TTL).
 *
 * @throws {Error} when it can't be found or started, or its data file is in use.
 */
export async function startDynamoEngine(options: DynamoEngineOptions): Promise<DynamoEngine> {
  if (options.endpoint !== undefined) return useEndpoint(options.endpoint);
  const executable = await resolveEngine(options);
  mkdirSync(dirname(options.dataFile), { recursive: true });
  const unlock = lockDataFile(options.dataFile);
  try {
    const { process: engine, endpoint } = await startOnPort(executable, options);
    return supervise(engine, endpoint, unlock, options.onCrash ?? reportCrash);
  } catch (error) {
    unlock();
    throw error;
  }
}

async function useEndpoint(endpoint: string): Promise<DynamoEngine> {
  if (!/^https?:$/.test(URL.parse(endpoint)?.protocol ?? ""))
    throw new StartupError(`${endpointSetting} is "${endpoint}", expected an http or https URL`);
  if (!(await answers(endpoint, 5000)))
    throw new StartupError(`${endpointSetting} is "${endpoint}", which does not answer`);
  return { endpoint, pid: undefined, stop: async () => {} };
}

interface Started {
  process: SupervisedProcess;
  endpoint: string;
}

/** Another process may take a free port before the engine does, so a port of our own choice is tried anew. */
async function startOnPort(executable: string, { port, dataFile }: DynamoEngineOptions): Promise<Started> {
  for (let attempt = 1; ; attempt += 1) {
    // Whoever has the port would answer in the engine's place.
    const chosen = await findFreePort(port);
    const endpoint = `http://127.0.0.1:${chosen}`;
    const args = ["serve", "--host", "127.0.0.1", "--port", String(chosen), "--db-path", dataFile];
    const engine = startSupervised(executable, args);
    const exit = await waitUntilReady(engine, endpoint);
    if (!exit) return { process: engine, endpoint };
    const taken = exit.output.includes("already in use");
    if (taken && port === undefined && attempt < startAttempts) continue;
    if (taken) throw portInUse(chosen, exit);
    throw new StartupError(
      `the DynamoDB engine did not start with ${dataFile}: ${describeExit(exit)}: if the file is damaged, move it away`,
    );
  }
}

/** The error that a server of Node's own would give. */
function portInUse(port: number, exit: ProcessExit): Error {
  const error = new Error(`the DynamoDB engine did not start on port ${port}: ${describeExit(exit)}`);
  return Object.assign(error, { code: "EADDRINUSE", address: "127.0.0.1", port });
}

/** Gives nothing once the engine answers, or how it ended instead. */
async function waitUntilReady(engine: SupervisedProcess, endpoint: string): Promise<ProcessExit | undefined> {
  let exit: ProcessExit | undefined;
  const exited = engine.exited.then((value) => {
    exit = value;
  });
  const endsAt = Date.now() + startLimitMs;
  while (Date.now() < endsAt) {
    // asked for its exit first: on a port that was taken, someone else answers
    await Promise.race([exited, sleep(5)]);
    if (exit) return exit;
    if ((await answers(endpoint, 1000)) && !(await endsWithin(exited, 20))) return undefined;
  }
  await engine.stop();
  return { ...(await engine.exited), output: `it did not answer within ${startLimitMs} ms` };
}

async function endsWithin(exited: Promise<void>, ms: number): Promise<boolean> {
  return Promise.race([exited.then(() => true), sleep(ms, false)]);
}

function supervise(
  engine: SupervisedProcess,
  endpoint: string,
  unlock: () => void,
  onCrash: (error: Error) => void,
): DynamoEngine {
  let stopping = false;
  const ended = engine.exited.then((exit) => {
    unlock();
    if (!stopping) onCrash(new Error(`the DynamoDB engine at ${endpoint} ended: ${describeExit(exit)}`));
  });
  return {
    endpoint,
    pid: engine.pid,
    async stop() {
      stopping = true;
      await engine.stop();
      await ended;
    },
  };
}

async function answers(endpoint: string, timeoutMs: number): Promise<boolean> {
  try {
    const response = await fetch(endpoint, { signal: AbortSignal.timeout(timeoutMs) });
    await response.arrayBuffer();
    return true;
  } catch {
    return false;
  }
}

/** The port asked for, or any. @throws `EADDRINUSE`. */
async function findFreePort(asked = 0): Promise<number> {
  const server = createServer().listen(asked, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

function describeExit({ code, signal, output }: ProcessExit): string {
  return `${signal ?? `exit code ${code}`}${output ? `: ${output}` : ""}`;
}

function reportCrash(error: Error): void {
  process.stderr.write(`${error.message}\n`);
}
