import type { Config } from "@countersign/core/config/config";
import { entrySchema } from "@countersign/core/entry/entry";
import { z } from "zod";
import { type ApiHandler, answering, type ErrorLog, jsonResponse, originOf } from "../api/http.ts";
import { openApiDocument } from "../api/openapi.ts";

/** What anyone may read: the API's document, the schema of an entry, and how to authenticate (RFC 9728). */
export function metadataHandler(config: Config, log: ErrorLog): ApiHandler {
  return answering(log, async (event) => {
    const cache = { "cache-control": "public, max-age=300" };
    if (event.rawPath.endsWith("/openapi.json")) {
      return jsonResponse(200, { ...openApiDocument, servers: [{ url: originOf(event) }] }, cache);
    }
    if (event.rawPath.endsWith("/entry.v1.json"))
      return { ...jsonResponse(200, {}, cache), body: publishedEntrySchema };
    return jsonResponse(200, protectedResource(config, originOf(event)), cache);
  });
}

/** Byte for byte as it is published in the source, so that either can be checked against the other. */
const publishedEntrySchema = `${JSON.stringify(z.toJSONSchema(entrySchema, { target: "draft-2020-12" }), null, 2)}\n`;

/** RFC 9728 §2. */
function protectedResource(config: Config, origin: string) {
  const workflows = Object.values(config.workflows).flatMap(({ start, roles, grant, agents, operate }) => [
    ...start.scopes,
    ...Object.values(roles).flatMap(({ scopes }) => scopes),
    ...(grant?.scopes ?? []),
    ...(agents.allow ? agents.scopes : []),
    ...operate.status.scopes,
    ...operate.stop.scopes,
  ]);
  return {
    resource: origin,
    authorization_servers: config.issuers.map(({ issuer }) => issuer),
    scopes_supported: [
      ...new Set([...workflows, ...config.audit.scopes, ...config.operations.scopes]),
    ].sort(),
    bearer_methods_supported: ["header"],
    resource_name: "Countersign",
  };
}
