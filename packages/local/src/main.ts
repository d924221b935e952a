import { spawn } from "node:child_process";
import { once } from "node:events";
import { appendFileSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parseArgs, styleText } from "node:util";
import type { Config } from "@countersign/core/config/config";
import { loadConfigFile } from "./runtime/config-file.ts";
import { loopback, portsFrom } from "./runtime/ports.ts";
import { type Runtime, startRuntime } from "./runtime/runtime.ts";
import { writeRuntimeFile } from "./runtime/runtime-file.ts";
import { explainStartup, StartupError } from "./runtime/startup-error.ts";
import { defaultStateDirectory, nextCommands } from "./story/next-commands.ts";
import { playStory } from "./story/play.ts";
import { tellStory } from "./story/story.ts";

/** A story that is stopped has this long to end. */
const storyEndMs = 2_000;
const startedAt = Date.now();
const say = (line: string): void => void process.stdout.write(`${line}\n`);
// whoever read the output may go first, as `| head` and a killed parent do; stopping in order must still be possible
for (const stream of [process.stdout, process.stderr]) {
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE" && error.code !== "EIO") throw error;
  });
}

interface Flags {
  readonly story: boolean;
  readonly port: number;
  readonly stateDirectory: string;
  readonly configFile: string;
}

async function main(): Promise<void> {
  const flags = readFlags();
  const stopped = stopSignal();
  const ports = portsFrom(flags.port);
  const { config, folder } = await loadConfigFile(flags.configFile, loopback(ports.issuer));
  const runtime = await startRuntime({
    config,
    folder,
    stateDirectory: flags.stateDirectory,
    ports,
    onLog: logTo(flags.stateDirectory),
  });
  writeRuntimeFile(runtime, config);
  say(
    styleText(
      "bold",
      `Countersign is up, ${((Date.now() - startedAt) / 1000).toFixed(1)} s after it was started.`,
    ),
  );
  const stopping = new AbortController();
  void stopped.then(() => stopping.abort());
  const story = flags.story ? storyOf(runtime, config, stopping.signal) : Promise.resolve();
  await Promise.race([stopped, story]);
  if (!stopping.signal.aborted) showUrls(runtime, flags);
  await stopped;
  say("\nStopping …");
  // its last request is answered before what answers it goes away
  await Promise.race([story, sleep(storyEndMs, undefined, { ref: false })]);
  await runtime.close();
}

function readFlags(): Flags {
  const { values } = parseArgs({
    options: {
      story: { type: "boolean", default: false },
      port: { type: "string", default: "9400" },
      "state-dir": { type: "string", default: process.env["COUNTERSIGN_STATE_DIR"] ?? defaultStateDirectory },
      config: { type: "string", default: "countersign.config.ts" },
    },
  });
  const port = Number(values.port);
  if (!Number.isInteger(port) || port < 1024 || port > 65_530) {
    throw new StartupError(
      `--port is "${values.port}", expected a whole number from 1024 to 65530; five ports from there on are used`,
    );
  }
  return { story: values.story, port, stateDirectory: values["state-dir"], configFile: values.config };
}

/**
 * Resolves at the first Ctrl-C or termination, or when the process that started this one has gone, even by
 * SIGKILL; a second signal ends the process at once.
 */
function stopSignal(): Promise<"stop"> {
  return new Promise((resolve) => {
    process.once("disconnect", () => resolve("stop"));
    // it may have gone before anybody listened; without a channel this is undefined
    if (process.connected === false) resolve("stop");
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
      process.once(signal, () => {
        resolve("stop");
        process.once(signal, () => process.exit(130));
      });
    }
  });
}

function storyOf(runtime: Runtime, config: Config, stopping: AbortSignal): Promise<void> {
  const since = new Date().toISOString();
  const play = {
    async tell(tell: (line: string) => void): Promise<void> {
      await tellStory(runtime, config, tell, stopping);
      await runtime.idle();
    },
    showLedger: () => showLedger(runtime, since, stopping),
  };
  return playStory(play, say, stopping);
}

/** The table is the command line's own: the story shows what anybody can ask for. */
async function showLedger({ state }: Runtime, since: string, signal: AbortSignal): Promise<void> {
  const cli = fileURLToPath(new URL("../../cli/src/main.ts", import.meta.url));
  const child = spawn(
    process.execPath,
    [cli, "audit", "--since", since, "--limit", "100", "--state-dir", state.path],
    { stdio: "inherit", signal },
  );
  await once(child, "exit");
}

function showUrls({ urls }: Runtime, { stateDirectory }: Flags): void {
  say(`
  API            ${urls.api}   (document: ${urls.api}/openapi.json)
  Issuer         ${urls.issuer}   (metadata: ${urls.issuer}/.well-known/openid-configuration)
  AWS endpoint   ${urls.aws}   (Step Functions, EventBridge, Secrets Manager, KMS, Lambda)
  DynamoDB       ${urls.dynamodb}
  SQS and S3     ${urls.queues}

Try, in another terminal:
${nextCommands(stateDirectory)
  .map((command) => `  ${command}`)
  .join("\n")}

Ctrl-C stops everything; what was recorded stays.`);
}

/** Keeps every line in the state folder; Countersign's own errors are for the terminal too. */
function logTo(folder: string): (functionName: string, line: string) => void {
  return (functionName, line) => {
    // Not before there is a line: the folder is made, or refused, by the runtime.
    mkdirSync(join(folder, "logs"), { recursive: true, mode: 0o700 });
    appendFileSync(join(folder, "logs", `${functionName}.log`), `${line}\n`, { mode: 0o600 });
    if (/"level":"(ERROR|CRITICAL)"/.test(line)) process.stderr.write(`${functionName}: ${line}\n`);
  };
}

try {
  await main();
  process.exit(0);
} catch (error) {
  const explained = explainStartup(error);
  if (explained === undefined) throw error;
  process.stderr.write(`countersign: ${explained}\n`);
  process.exit(1);
}
