import { entryActions } from "@countersign/core/entry/actions";
import { entrySchema, identityModes } from "@countersign/core/entry/entry";
import { errorCatalog } from "@countersign/core/error/catalog";
import { z } from "zod";

const ref = (name: string) => ({ $ref: `#/components/schemas/${name}` });
const json = (name: string) => ({ "application/json": { schema: ref(name) } });
const text = (description: string) => ({ type: "string", description });
const time = (description: string) => ({ type: "integer", format: "int64", minimum: 0, description });
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

const problems = {
  "4XX": {
    description: "Refused (RFC 9457); tokens are challenged as in RFC 6750",
    content: { "application/problem+json": { schema: ref("Problem") } },
  },
  "5XX": {
    description: "Not done (RFC 9457)",
    content: { "application/problem+json": { schema: ref("Problem") } },
  },
};

const subject = {
  type: "object",
  required: ["iss", "sub"],
  properties: { iss: text("Issuer"), sub: text("Subject at that issuer") },
};

const grant = {
  type: "object",
  description: "What the gate decided for this execution; the token itself is never shown",
  required: ["id", "state", "subject", "clientId", "scopes", "identityMode"],
  properties: {
    id: text("Grant id"),
    state: {
      type: "string",
      enum: ["authorizing", "active", "closed", "revoking", "revoked", "expired", "blocked"],
    },
    subject,
    clientId: text("OAuth client the execution was started with"),
    scopes: { type: "array", items: { type: "string" } },
    role: text("Role the policy chose"),
    identityMode: { type: "string", enum: [...identityModes] },
    expiresAt: time("Expiry of the grant token, milliseconds since 1970"),
  },
};

const schemas = {
  Problem: {
    type: "object",
    description: "RFC 9457 problem details",
    required: ["type", "title", "status", "code", "detail", "fix"],
    properties: {
      type: text("urn:countersign:error: and the code"),
      title: text("The same for every occurrence of the code"),
      status: { type: "integer" },
      code: { type: "string", enum: Object.keys(errorCatalog), description: "Stable error code" },
      detail: text("What happened this time"),
      fix: text("What to do"),
      field: text("The field, claim or header at fault"),
      requestId: text("Names this request in the logs"),
    },
  },
  StartRequest: {
    type: "object",
    additionalProperties: false,
    properties: {
      input: {
        type: "object",
        additionalProperties: true,
        description: 'Input of the execution; the name "countersign" is the gate\'s',
      },
    },
  },
  Grant: grant,
  StartedExecution: {
    type: "object",
    required: ["executionArn", "workflow", "grant"],
    properties: {
      executionArn: text("ARN of the execution"),
      workflow: text("Name of the workflow"),
      startDate: time("Milliseconds since 1970"),
      grant: ref("Grant"),
    },
  },
  Execution: {
    type: "object",
    required: ["executionArn", "workflow", "status", "startDate", "redriveCount", "attribution"],
    properties: {
      executionArn: text("ARN of the execution"),
      workflow: text("Name of the workflow"),
      status: text("RUNNING, SUCCEEDED, FAILED, TIMED_OUT, ABORTED or PENDING_REDRIVE"),
      startDate: time("Milliseconds since 1970"),
      stopDate: time("Milliseconds since 1970"),
      redriveCount: { type: "integer", minimum: 0 },
      error: text("Name of the error it failed with"),
      attribution: { type: "string", enum: ["gate", "child", "trusted_starter", "none"] },
      grant: ref("Grant"),
    },
  },
  StopRequest: {
    type: "object",
    additionalProperties: false,
    properties: {
      reason: { type: "string", maxLength: 1024, description: "Why; kept in Step Functions as the cause" },
    },
  },
  StopRequested: {
    type: "object",
    required: ["executionArn", "requestId"],
    properties: {
      executionArn: text("ARN of the execution"),
      requestId: text("Id of the ledger entry's action"),
    },
  },
  EntryPage: {
    type: "object",
    required: ["entries", "from", "to"],
    properties: {
      entries: { type: "array", items: ref("Entry"), description: "Newest first, by time of recording" },
      cursor: text("Give it back with the same filters for the next page; absent on the last"),
      from: time("Start of the window, inclusive"),
      to: time("End of the window, exclusive"),
    },
  },
  DeadLetter: {
    type: "object",
    required: ["id", "queue", "code", "reason", "sha256", "bytes", "receiveCount", "at", "redrivable"],
    properties: {
      id: text("Id of the message"),
      queue: { type: "string", enum: ["status-events", "revocations"] },
      code: text("Error code"),
      reason: text("What happened"),
      sha256: text("SHA-256 of the original body, base64url"),
      bytes: { type: "integer" },
      receiveCount: { type: "integer" },
      at: time("When it was given up"),
      redrivable: { type: "boolean" },
    },
  },
  DeadLetterList: {
    type: "object",
    required: ["deadLetters"],
    properties: { deadLetters: { type: "array", items: ref("DeadLetter") } },
  },
  RedriveRequest: {
    type: "object",
    additionalProperties: false,
    properties: {
      ids: {
        type: "array",
        items: { type: "string" },
        maxItems: 100,
        description: "Only these; all by default",
      },
    },
  },
  Redriven: {
    type: "object",
    required: ["redriven", "kept"],
    properties: {
      redriven: { type: "array", items: { type: "string" }, description: "Ids sent back to their queue" },
      kept: {
        type: "array",
        items: { type: "string" },
        description: "Ids that hold nothing that could be sent",
      },
    },
  },
  Entry: entryJsonSchema(),
};

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
        "200": {
          description: "Started before by a request with this key",
          content: json("StartedExecution"),
        },
        "201": { description: "Started", content: json("StartedExecution") },
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

/** The published JSON Schema of an entry, without the keyword that only a document of its own carries. */
function entryJsonSchema(): Record<string, unknown> {
  const { $schema: _schema, ...schema } = z.toJSONSchema(entrySchema, { target: "draft-2020-12" });
  return schema;
}
