import type { IncomingMessage } from "node:http";
import type { APIGatewayProxyEventV2 } from "aws-lambda";
import { account } from "../wire/account.ts";
import type { RouteMatch } from "./http-routes.ts";

const apiId = "embedded";
const textTypes = new Set(["application/json", "application/javascript", "application/xml"]);
const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/**
 * Builds the event of payload format 2.0 for a request.
 *
 * The path is decoded, the query string raw; a body is text for `text/*` and JSON, JavaScript or XML alone and base64
 * otherwise, as API Gateway does it.
 *
 * See https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html.
 */
export function toHttpEvent(
  request: IncomingMessage,
  match: RouteMatch,
  body: Buffer,
  requestId: string,
  now: Date,
): APIGatewayProxyEventV2 {
  const { rawPath, rawQueryString } = splitTarget(request);
  const path = decodeURIComponent(rawPath);
  const { headers, cookies } = collectHeaders(request);
  const query = collectQuery(rawQueryString);
  const host = headers["host"] ?? "";
  return {
    version: "2.0",
    routeKey: match.routeKey,
    rawPath: path,
    rawQueryString,
    ...(cookies.length > 0 ? { cookies } : {}),
    headers,
    ...(query ? { queryStringParameters: query } : {}),
    requestContext: {
      accountId: account,
      apiId,
      domainName: host,
      domainPrefix: host.split(/[.:]/)[0] ?? "",
      http: {
        method: request.method ?? "GET",
        path,
        protocol: `HTTP/${request.httpVersion}`,
        sourceIp: sourceIpOf(request),
        userAgent: headers["user-agent"] ?? "",
      },
      requestId,
      routeKey: match.routeKey,
      stage: "$default",
      time: formatTime(now),
      timeEpoch: now.getTime(),
    },
    ...(Object.keys(match.pathParameters).length > 0 ? { pathParameters: match.pathParameters } : {}),
    ...encodeBody(body, headers["content-type"]),
  };
}

/** Splits a request's target into its path and query string, both as sent. */
export function splitTarget(request: IncomingMessage): { rawPath: string; rawQueryString: string } {
  const target = request.url ?? "/";
  const mark = target.indexOf("?");
  return mark === -1
    ? { rawPath: target, rawQueryString: "" }
    : { rawPath: target.slice(0, mark), rawQueryString: target.slice(mark + 1) };
}

/** Reads every header line: Node's own table drops some repeated ones, API Gateway joins them. */
function collectHeaders(request: IncomingMessage): { headers: Record<string, string>; cookies: string[] } {
  const headers = new Map<string, string>();
  const cookies: string[] = [];
  for (let index = 0; index < request.rawHeaders.length; index += 2) {
    const name = (request.rawHeaders[index] ?? "").toLowerCase();
    const value = request.rawHeaders[index + 1] ?? "";
    if (name === "cookie") cookies.push(...value.split(/;\s*/).filter(Boolean));
    else joinValue(headers, name, value);
  }
  joinValue(headers, "x-forwarded-for", sourceIpOf(request));
  headers.set("x-forwarded-port", String(request.socket.localPort ?? ""));
  headers.set("x-forwarded-proto", "http");
  return { headers: Object.fromEntries(headers), cookies };
}

function collectQuery(rawQueryString: string): Record<string, string> | undefined {
  const query = new Map<string, string>();
  for (const [name, value] of new URLSearchParams(rawQueryString)) joinValue(query, name, value);
  return query.size > 0 ? Object.fromEntries(query) : undefined;
}

function joinValue(values: Map<string, string>, name: string, value: string): void {
  const present = values.get(name);
  values.set(name, present === undefined ? value : `${present},${value}`);
}

function encodeBody(
  body: Buffer,
  contentType: string | undefined,
): { body?: string; isBase64Encoded: boolean } {
  if (body.length === 0) return { isBase64Encoded: false };
  const type = (contentType ?? "").split(";")[0]?.trim().toLowerCase() ?? "";
  const text = type.startsWith("text/") || textTypes.has(type);
  return { body: body.toString(text ? "utf8" : "base64"), isBase64Encoded: !text };
}

function sourceIpOf(request: IncomingMessage): string {
  return (request.socket.remoteAddress ?? "").replace(/^::ffff:/, "");
}

/** Writes a time as API Gateway does, e.g. `12/Mar/2020:19:03:58 +0000`. */
function formatTime(time: Date): string {
  const day = String(time.getUTCDate()).padStart(2, "0");
  const clock = time.toISOString().slice(11, 19);
  return `${day}/${months[time.getUTCMonth()]}/${time.getUTCFullYear()}:${clock} +0000`;
}
