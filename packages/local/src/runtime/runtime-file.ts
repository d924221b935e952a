import type { Config } from "@countersign/core/config/config";
import { clientSecretFile } from "./issuer-options.ts";
import type { Runtime } from "./runtime.ts";

/** Writes `runtime.json` into the state folder: what the command line reads to find the runtime and its clients. */
export function writeRuntimeFile({ urls, state }: Runtime, config: Config): void {
  const clients = Object.entries(config.local.clients).map(([id, { scopes }]) => [
    id,
    { secretFile: clientSecretFile(id), scopes },
  ]);
  const file = {
    api: urls.api,
    issuer: urls.issuer,
    audience: config.issuers[0]?.audience,
    clients: Object.fromEntries(clients),
    endpoints: { aws: urls.aws, dynamodb: urls.dynamodb, sqs: urls.queues, s3: urls.queues },
    pid: process.pid,
  };
  state.write("runtime.json", JSON.stringify(file, null, 2));
}
