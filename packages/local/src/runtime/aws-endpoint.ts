import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { DatabaseSync } from "node:sqlite";
import { createEventBridge } from "../event-bridge/event-bridge.ts";
import { createKms } from "../kms/kms.ts";
import { createLambdaEndpoint } from "../lambda/endpoint.ts";
import type { FunctionHost } from "../lambda/host.ts";
import { createSecretsManager } from "../secrets-manager/secrets-manager.ts";
import { createStepFunctions } from "../step-functions/service.ts";
import { awsJsonListener } from "../wire/aws-json.ts";

export interface AwsEndpointOptions {
  readonly port: number;
  readonly database: DatabaseSync;
  readonly kmsKeyFile: string;
  /** Resolved late: functions can be described only once their endpoints are known. */
  readonly host: () => FunctionHost;
  readonly sendToQueue: (
    queueArn: string,
    body: string,
    attributes?: Record<string, string>,
  ) => Promise<void>;
}

/** One loopback port for every AWS service that the runtime stands in for. */
export async function startAwsEndpoint(options: AwsEndpointOptions) {
  const { database } = options;
  const kms = createKms({ database, keyFile: options.kmsKeyFile });
  const secrets = createSecretsManager({ database, cipher: kms.cipher });
  const events = createEventBridge({
    database,
    deliver: (target, payload, attributes) => options.sendToQueue(target.arn, payload, attributes),
  });
  const stepFunctions = createStepFunctions({
    database,
    invokeFunction: (name, payload) => options.host().invoke(name, payload),
    publish: (event) => events.publish({ ...event, detail: { ...event.detail } }),
  });
  const json = awsJsonListener([kms.service, secrets.service, events.service, stepFunctions.service]);
  let lambda: ReturnType<typeof createLambdaEndpoint> | undefined;
  const server = createServer((request: IncomingMessage, response: ServerResponse) => {
    if (!request.headers["x-amz-target"]) {
      lambda ??= createLambdaEndpoint({ host: options.host() });
      if (lambda.handle(request, response)) return;
    }
    json(request, response);
  });
  await listen(server, options.port);
  return {
    cipher: kms.cipher,
    events,
    stepFunctions,
    async close() {
      await stepFunctions.close();
      await events.close();
      await lambda?.close();
      await closeServer(server);
    },
  };
}

/** As long as AWS keeps a connection at least; Node's 5 s would end many just as an SDK client uses them again. */
const keptAliveMs = 75_000;

/** Listens on 127.0.0.1. @throws the system's error, `EADDRINUSE` among them. */
export async function listen(server: Server, port: number): Promise<void> {
  server.keepAliveTimeout = keptAliveMs;
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
}

/** Ends a server and the connections that are kept alive. */
export async function closeServer(server: Server): Promise<void> {
  const closed = once(server, "close");
  server.close();
  server.closeAllConnections();
  await closed;
}
