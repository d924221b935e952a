/** An HTTP response ready to be written; a header may repeat, as `set-cookie` does. */
export interface HttpAnswer {
  status: number;
  headers: Record<string, string | string[]>;
  body: Buffer;
}

// the gateway's own connection to the client decides these
const hopByHop = new Set([
  "connection",
  "content-length",
  "keep-alive",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

/**
 * Reads a function's answer as payload format 2.0: an object with a `statusCode`, or anything else as the
 * body of a 200. Nothing when it is malformed, which the gateway answers with 500.
 *
 * See https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html.
 */
export function readFunctionAnswer(payload: unknown): HttpAnswer | undefined {
  if (!isObject(payload) || !("statusCode" in payload)) return wrapBareAnswer(payload);
  const status = Number(payload["statusCode"]);
  const headers = readHeaders(payload["headers"]);
  const cookies = readCookies(payload["cookies"]);
  const body = readBody(payload["body"], payload["isBase64Encoded"] === true);
  if (!Number.isInteger(status) || status < 200 || status > 599) return undefined;
  if (!headers || !cookies || !body) return undefined;
  if (cookies.length > 0) headers["set-cookie"] = cookies;
  if (body.length > 0) headers["content-type"] ??= "text/plain;charset=UTF-8";
  return { status, headers, body };
}

/** An answer the gateway gives itself. */
export function gatewayAnswer(status: number, message: string): HttpAnswer {
  return {
    status,
    headers: { "content-type": "application/json" },
    body: Buffer.from(JSON.stringify({ message })),
  };
}

function wrapBareAnswer(payload: unknown): HttpAnswer {
  const text = typeof payload === "string" ? payload : JSON.stringify(payload);
  return { status: 200, headers: { "content-type": "application/json" }, body: Buffer.from(text) };
}

function readHeaders(value: unknown): Record<string, string | string[]> | undefined {
  if (value === null || value === undefined) return {};
  if (!isObject(value)) return undefined;
  const headers: Record<string, string | string[]> = {};
  for (const [name, header] of Object.entries(value)) {
    if (!["string", "number", "boolean"].includes(typeof header)) return undefined;
    const lower = name.toLowerCase();
    if (!hopByHop.has(lower)) headers[lower] = String(header);
  }
  return headers;
}

function readCookies(value: unknown): string[] | undefined {
  if (value === null || value === undefined) return [];
  return Array.isArray(value) && value.every((cookie) => typeof cookie === "string") ? value : undefined;
}

function readBody(value: unknown, base64: boolean): Buffer | undefined {
  if (value === null || value === undefined) return Buffer.alloc(0);
  return typeof value === "string" ? Buffer.from(value, base64 ? "base64" : "utf8") : undefined;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
