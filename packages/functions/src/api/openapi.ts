import { entryActions } from "@countersign/core/entry/actions";
import { ref, schemas } from "./schemas.ts";

const json = (name: string) => ({ "application/json": { schema: ref(name) } });
const query = (name: string, schema: object, description: string) => ({
  name,
  in: "query",
  required: false,
  schema,
  description,
});
const executionArn = {
  name: "executionArn",
  in: "path",
  required: true,
  schema: { type: "string" },
  description: "ARN of the execution",
};

const header = (description: string, schema: object = { type: "string" }) => ({ description, schema });
const retryAfter = header("Seconds after which the same request may succeed", {
  type: "integer",
  minimum: 0,
});
const started = {
  headers: { Location: header("Path of the execution, relative to this API") },
  content: json("StartedExecution"),
};

const problems = {
  "4XX": {
    description: "Refused (RFC 9457); tokens are challenged as in RFC 6750",
    headers: {
      "WWW-Authenticate": header("Challenge (RFC 6750 §3), with resource_metadata (RFC 9728 §5.1)"),
      "Retry-After": retryAfter,
    },
    content: { "application/problem+json": { schema: ref("Problem") } },
  },
  "5XX": {
    description: "Not done (RFC 9457)",
    headers: { "Retry-After": retryAfter },
    content: { "application/problem+json": { schema: ref("Problem") } },
  },
};

/** What anyone may read, without a token. */
const published = (operationId: string, summary: string, schema: string) => ({
  get: {
    operationId,
    summary,
    security: [],
    responses: { "200": { description: summary, content: json(schema) }, ...problems },
  },
});

const paths = {
  "/workflows/{workflow}/executions": {
    post: {
      operationId: "startExecution",
      summary: "Start a workflow as the subject of the access token",
      parameters: [
        {
          name: "workflow",
          in: "path",
          required: true,
          schema: { type: "string" },
          description: "Name of the workflow",
        },
        {
          name: "Idempotency-Key",
          in: "header",
          required: false,
          schema: { type: "string", minLength: 1, maxLength: 255 },
          description: "The same key and body from the same caller give the same execution",
        },
      ],
      requestBody: { required: false, content: json("StartRequest") },
      responses: {
        "200": { description: "Started before by a request with this key", ...started },
        "201": { description: "Started", ...started },
        ...problems,
      },
    },
  },
  "/executions/{executionArn}": {
    get: {
      operationId: "describeExecution",
      summary: "Status of an execution and its grant",
      parameters: [executionArn],
      responses: { "200": { description: "The execution", content: json("Execution") }, ...problems },
    },
  },
  "/executions/{executionArn}/stop": {
    post: {
      operationId: "stopExecution",
      summary: "Stop an execution",
      parameters: [executionArn],
      requestBody: { required: false, content: json("StopRequest") },
      responses: { "202": { description: "Asked to stop", content: json("StopRequested") }, ...problems },
    },
  },
  "/audit/entries": {
    get: {
      operationId: "queryEntries",
      summary: "Query the ledger; filters combine, and the narrowest is answered by key",
      parameters: [
        query("executionArn", { type: "string" }, "Entries of one execution"),
        query("iss", { type: "string" }, "Issuer of the subject; with sub"),
        query("sub", { type: "string" }, "Subject; with iss"),
        query("clientId", { type: "string" }, "Decisions on an OAuth client"),
        query("scope", { type: "string" }, "Decisions on a scope"),
        query("workflow", { type: "string" }, "Decisions on a workflow"),
        query("outcome", { type: "string", enum: ["success", "failure", "denied", "unknown"] }, "Outcome"),
        query("action", { type: "string", enum: [...entryActions] }, "Action"),
        query(
          "attribution",
          { type: "string", enum: ["gate", "child", "trusted_starter", "none"] },
          "Attribution",
        ),
        query("from", { type: "string" }, "Recorded at or after: milliseconds since 1970, or ISO 8601"),
        query("to", { type: "string" }, "Recorded before: milliseconds since 1970, or ISO 8601"),
        query("limit", { type: "integer", minimum: 1, maximum: 100, default: 50 }, "Most entries in a page"),
        query("cursor", { type: "string" }, "From the page before"),
      ],
      responses: { "200": { description: "A page of entries", content: json("EntryPage") }, ...problems },
    },
  },
  "/operations/dead-letters": {
    get: {
      operationId: "listDeadLetters",
      summary: "Messages that could not be handled",
      parameters: [
        query("limit", { type: "integer", minimum: 1, maximum: 100, default: 50 }, "Most letters"),
      ],
      responses: { "200": { description: "Dead letters", content: json("DeadLetterList") }, ...problems },
    },
  },
  "/operations/dead-letters/redrive": {
    post: {
      operationId: "redriveDeadLetters",
      summary: "Send dead letters back to the queues they came from",
      requestBody: { required: false, content: json("RedriveRequest") },
      responses: { "200": { description: "What was sent back", content: json("Redriven") }, ...problems },
    },
  },
  "/operations/subjects/erase": {
    post: {
      operationId: "eraseSubject",
      summary: "Destroy the key and the reference of a subject; its entries stay, byte for byte",
      requestBody: { required: true, content: json("EraseRequest") },
      responses: { "200": { description: "Erased; safe to repeat", content: json("Erased") }, ...problems },
    },
  },
  "/openapi.json": published("readOpenApi", "This document", "Document"),
  "/schemas/entry.v1.json": published("readEntrySchema", "JSON Schema of a ledger entry", "Document"),
  "/.well-known/oauth-protected-resource": published(
    "readProtectedResource",
    "How to authenticate (RFC 9728)",
    "ProtectedResource",
  ),
};

/** The OpenAPI document of the HTTP API, as answered at `/openapi.json`. */
export const openApiDocument = {
  openapi: "3.1.0",
  info: {
    title: "Countersign",
    version: "0.1.0",
    description: "Start Step Functions executions as an OAuth subject, and read who did what",
    license: { name: "Apache-2.0", identifier: "Apache-2.0" },
  },
  security: [{ accessToken: [] }],
  paths,
  components: {
    securitySchemes: {
      accessToken: { type: "http", scheme: "bearer", description: "OAuth 2.0 access token (RFC 6750)" },
    },
    schemas,
  },
};
