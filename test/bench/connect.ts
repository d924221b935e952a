import { fork } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { devNull, tmpdir } from "node:os";
import { fileURLToPath } from "node:url";
import { names } from "@countersign/local/runtime/provision";
import { account, region } from "@countersign/local/wire/account";
import type { Ready } from "./runtime-process.ts";

/** The embedded runtime in a process of its own, so that what is measured does not share its event loop. */
export interface Connection extends Ready {
  /** Resolves once every event has been recorded, so that nothing of one measurement runs into the next. */
  idle(): Promise<void>;
  close(): Promise<void>;
}

/** A folder in memory, where writes wait for no disk; not every system has one. */
export const memoryFolder = existsSync("/dev/shm") ? "/dev/shm" : undefined;

/** `folder` is where its state is kept, in a folder of its own. */
export async function connect(folder: string = tmpdir()): Promise<Connection> {
  const env = { ...process.env, TMPDIR: folder };
  const child = fork(fileURLToPath(new URL("./runtime-process.ts", import.meta.url)), { env });
  const failed = once(child, "exit").then(([code]) => {
    throw new Error(`the runtime's process ended with exit code ${code}`);
  });
  const [ready] = (await Promise.race([once(child, "message"), failed])) as [Ready];
  failed.catch(() => undefined);
  return {
    ...ready,
    async idle() {
      const answer = once(child, "message");
      child.send("idle");
      await Promise.race([answer, failed]);
    },
    async close() {
      const exit = once(child, "exit");
      child.disconnect();
      await exit;
    },
  };
}

/** Gives this process the environment that a function of the runtime has, for its entry file to be imported here. */
export function useFunctionEnvironment({ urls, queueUrls, configFile }: Ready): void {
  Object.assign(process.env, {
    AWS_ACCESS_KEY_ID: "embedded",
    AWS_SECRET_ACCESS_KEY: "embedded",
    AWS_CONFIG_FILE: devNull,
    AWS_SHARED_CREDENTIALS_FILE: devNull,
    AWS_REGION: region,
    AWS_ENDPOINT_URL: urls.aws,
    AWS_ENDPOINT_URL_DYNAMODB: urls.dynamodb,
    AWS_ENDPOINT_URL_SQS: urls.queues,
    COUNTERSIGN_ACCOUNT_ID: account,
    COUNTERSIGN_CONFIG_FILE: configFile,
    COUNTERSIGN_LEDGER_TABLE: names.ledger,
    COUNTERSIGN_STATE_TABLE: names.state,
    COUNTERSIGN_KMS_KEY_ID: names.key,
    COUNTERSIGN_KEYS_SECRET: names.keys,
    COUNTERSIGN_STATUS_EVENTS_QUEUE_URL: queueUrls.statusEvents,
    COUNTERSIGN_REVOCATIONS_QUEUE_URL: queueUrls.revocations,
    COUNTERSIGN_DEAD_LETTERS_QUEUE_URL: queueUrls.deadLetters,
  });
}
