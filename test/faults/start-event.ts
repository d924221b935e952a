import { randomUUID } from "node:crypto";
import type { ApiEvent } from "@countersign/functions/api/http";
import { account } from "@countersign/local/wire/account";
import type { Start } from "./stage.ts";

const routeKey = "POST /workflows/{workflow}/executions";

/** What API Gateway hands to the gate for a start. */
export function startEvent({ token, workflow, idempotencyKey, input }: Start): ApiEvent {
  const path = `/workflows/${workflow}/executions`;
  return {
    version: "2.0",
    routeKey,
    rawPath: path,
    rawQueryString: "",
    headers: {
      authorization: `Bearer ${token}`,
      "content-type": "application/json",
      "idempotency-key": idempotencyKey,
    },
    requestContext: {
      accountId: account,
      apiId: "faults",
      domainName: "127.0.0.1",
      domainPrefix: "127",
      http: { method: "POST", path, protocol: "HTTP/1.1", sourceIp: "127.0.0.1", userAgent: "faults" },
      requestId: randomUUID(),
      routeKey,
      stage: "$default",
      time: "",
      timeEpoch: Date.now(),
    },
    pathParameters: { workflow },
    body: JSON.stringify({ input }),
    isBase64Encoded: false,
  };
}
