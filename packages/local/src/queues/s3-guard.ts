import type { IncomingHttpHeaders } from "node:http";
import type { App, Stores } from "./fauxqs.ts";

interface Request {
  readonly method: string;
  readonly headers: IncomingHttpHeaders;
  readonly params: unknown;
  readonly query: unknown;
}

interface Refusal {
  status: number;
  code: string;
  message: string;
}

const servedParameters = new Set([
  "attributes",
  "continuation-token",
  "delete",
  "delimiter",
  "fetch-owner",
  "lifecycle",
  "list-type",
  "marker",
  "max-keys",
  "partNumber",
  "prefix",
  "renameObject",
  "start-after",
  "uploadId",
  "uploads",
  "x-id",
]);

/**
 * Makes S3 conditional writes work, and refuses what would be silently ignored: other sub-resources
 * (versioning, policy, …) and object locks.
 *
 * See https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html.
 */
export function guardS3(app: App, s3: Stores["s3Store"]): void {
  // runs after the body is read and in the same turn as the write, so nothing comes between
  app.addHook("preHandler", (request, reply, done) => {
    const refusal = isS3(request) ? findRefusal(request, s3) : undefined;
    if (!refusal) return done();
    const { status, code, message } = refusal;
    void reply
      .code(status)
      .header("content-type", "application/xml")
      .send(
        `<?xml version="1.0" encoding="UTF-8"?><Error><Code>${code}</Code><Message>${message}</Message></Error>`,
      );
  });
}

function isS3(request: Request): boolean {
  return "bucket" in (request.params as object);
}

function findRefusal(request: Request, s3: Stores["s3Store"]): Refusal | undefined {
  const unserved = Object.keys(request.query as object).find(
    (name) => !servedParameters.has(name) && !/^x-amz-/i.test(name),
  );
  if (unserved !== undefined) return notImplemented(`the query parameter ${encodeURIComponent(unserved)}`);
  const lock = Object.keys(request.headers).find((name) => name.startsWith("x-amz-object-lock-"));
  if (lock !== undefined) return notImplemented(lock);
  return request.method === "PUT" ? findFailedCondition(request, s3) : undefined;
}

function findFailedCondition(request: Request, s3: Stores["s3Store"]): Refusal | undefined {
  const { "if-none-match": ifNoneMatch, "if-match": ifMatch } = request.headers;
  if (ifNoneMatch === undefined && ifMatch === undefined) return undefined;
  if (ifNoneMatch !== undefined && ifNoneMatch !== "*") return notImplemented("If-None-Match other than *");
  const etag = etagOf(request, s3);
  if (ifNoneMatch === "*" && etag !== undefined) return preconditionFailed();
  if (ifMatch === undefined) return undefined;
  if (etag === undefined)
    return { status: 404, code: "NoSuchKey", message: "The specified key does not exist." };
  return unquote(ifMatch) === unquote(etag) ? undefined : preconditionFailed();
}

function etagOf(request: Request, s3: Stores["s3Store"]): string | undefined {
  const { bucket, "*": key } = request.params as { bucket: string; "*"?: string };
  try {
    return s3.headObject(bucket, key ?? "").etag;
  } catch {
    return undefined;
  }
}

function unquote(etag: string): string {
  return etag.replaceAll('"', "");
}

function preconditionFailed(): Refusal {
  return {
    status: 412,
    code: "PreconditionFailed",
    message: "At least one of the pre-conditions you specified did not hold",
  };
}

function notImplemented(what: string): Refusal {
  return { status: 501, code: "NotImplemented", message: `${what} is not supported here` };
}
