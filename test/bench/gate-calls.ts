import { randomUUID } from "node:crypto";
import { SFNClient, StartExecutionCommand } from "@aws-sdk/client-sfn";
import type { ApiEvent, ApiHandler } from "@countersign/functions/api/http";
import { clientOf } from "@countersign/local/runtime/provision";
import { account, region } from "@countersign/local/wire/account";
import type { Context } from "aws-lambda";
import { parked } from "./bench-config.ts";
import { type Connection, useFunctionEnvironment } from "./connect.ts";

const input = { amount: 4200, currency: "EUR", reference: "invoice 2026-0117" };
const path = `/workflows/${parked}/executions`;

/** Two ways to start the same state machine. */
export interface RemoteCalls {
  /** StartExecution by the real SDK client: nothing but the start. */
  direct(): Promise<void>;
  /** The gate as a caller reaches it. */
  post(): Promise<void>;
  close(): void;
}

export function remoteCalls(connection: Connection): RemoteCalls {
  const sfn = new SFNClient(clientOf(connection.urls.aws));
  return {
    direct: () => startDirectly(sfn),
    post: () => post(connection),
    close: () => sfn.destroy(),
  };
}

/** The gate's handler with the dependencies it is deployed with, called in this process; once in a process. */
export async function handlerCall(connection: Connection): Promise<() => Promise<void>> {
  useFunctionEnvironment(connection);
  const { handler } = await import("@countersign/functions/lambda/gate");
  return () => call(handler, connection.token);
}

async function startDirectly(sfn: SFNClient): Promise<void> {
  await sfn.send(
    new StartExecutionCommand({
      stateMachineArn: `arn:aws:states:${region}:${account}:stateMachine:${parked}`,
      name: randomUUID(),
      input: JSON.stringify(input),
    }),
  );
}

async function post({ urls, token }: Connection): Promise<void> {
  const answer = await fetch(`${urls.api}${path}`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    body: JSON.stringify({ input }),
  });
  const body = await answer.text();
  if (answer.status !== 201) throw new Error(`the gate answered ${answer.status}: ${body}`);
}

async function call(handler: ApiHandler, token: string): Promise<void> {
  const answer = await handler(requestEvent(token), {} as Context);
  if (answer.statusCode !== 201) throw new Error(`the gate answered ${answer.statusCode}: ${answer.body}`);
}

function requestEvent(token: string): ApiEvent {
  const routeKey = "POST /workflows/{workflow}/executions";
  return {
    version: "2.0",
    routeKey,
    rawPath: path,
    rawQueryString: "",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    requestContext: {
      accountId: account,
      apiId: "bench",
      domainName: "127.0.0.1",
      domainPrefix: "127",
      http: { method: "POST", path, protocol: "HTTP/1.1", sourceIp: "127.0.0.1", userAgent: "bench" },
      requestId: randomUUID(),
      routeKey,
      stage: "$default",
      time: "",
      timeEpoch: Date.now(),
    },
    pathParameters: { workflow: parked },
    body: JSON.stringify({ input }),
    isBase64Encoded: false,
  };
}
