import { entrySchema, identityModes } from "@countersign/core/entry/entry";
import { errorCatalog } from "@countersign/core/error/catalog";
import { z } from "zod";

/** Names a schema of the document. */
export const ref = (name: string) => ({ $ref: `#/components/schemas/${name}` });
const text = (description: string) => ({ type: "string", description });
const time = (description: string) => ({ type: "integer", format: "int64", minimum: 0, description });

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

/** What the HTTP API takes and gives, by name. */
export const schemas = {
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
      cursor: text("Give it back with the same filters, from and to for the next page; absent on the last"),
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
  EraseRequest: {
    type: "object",
    additionalProperties: false,
    required: ["iss", "sub"],
    properties: {
      iss: { type: "string", minLength: 1, maxLength: 2048, description: "Issuer" },
      sub: { type: "string", minLength: 1, maxLength: 1024, description: "Subject as the issuer names it" },
    },
  },
  Erased: {
    type: "object",
    required: ["entryId", "found"],
    properties: {
      entryId: text("Id of the ledger entry of the erasure"),
      found: { type: "boolean", description: "False when nothing was kept of the subject beside the ledger" },
    },
  },
  Entry: entryJsonSchema(),
  ProtectedResource: {
    type: "object",
    description: "Protected resource metadata (RFC 9728 §2)",
    required: ["resource", "authorization_servers", "scopes_supported", "bearer_methods_supported"],
    properties: {
      resource: text("This API"),
      authorization_servers: { type: "array", items: text("Issuer whose access tokens are taken") },
      scopes_supported: { type: "array", items: text("A scope that something here asks for") },
      bearer_methods_supported: { type: "array", items: text("header, and nothing else") },
      resource_name: text("For people"),
    },
  },
  Document: { type: "object", description: "A document in JSON", additionalProperties: true },
};

/** The published JSON Schema of an entry, without the keyword that only a document of its own carries. */
function entryJsonSchema(): Record<string, unknown> {
  const { $schema: _schema, ...schema } = z.toJSONSchema(entrySchema, { target: "draft-2020-12" });
  return schema;
}
