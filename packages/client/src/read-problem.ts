import { ApiError } from "./errors.ts";

/** The code of an answer that is not the API's own. */
export const unexpectedAnswer = "http.unexpected_answer";

/**
 * Reads a refusal: problem details (RFC 9457), or whatever a gateway, a proxy or a stranger answered.
 *
 * The body is what was sent over the network, so no member is taken for granted.
 */
export function readProblem(response: Response, body: unknown): ApiError {
  const problem = isObject(body) ? body : {};
  const retryAfterSeconds = readRetryAfter(response);
  const common = {
    status: response.status,
    ...(retryAfterSeconds !== undefined && { retryAfterSeconds }),
    ...optional("requestId", text(problem["requestId"]) ?? response.headers.get("apigw-requestid")),
  };
  const code = text(problem["code"]);
  if (code === undefined) return notAProblem(response, problem, common);
  return new ApiError(text(problem["detail"]) ?? text(problem["title"]) ?? code, {
    ...common,
    code,
    fix: text(problem["fix"]) ?? "see the error code in the API's documentation",
    ...optional("field", text(problem["field"])),
  });
}

/** An answer that says success and is not what the API answers with. */
export function unexpectedBody(response: Response, expectation: string): ApiError {
  return new ApiError(`answered ${response.status} with a body that is not ${expectation}`, {
    status: response.status,
    code: unexpectedAnswer,
    fix: "check that the address is that of a Countersign API",
  });
}

function notAProblem(
  response: Response,
  body: Record<string, unknown>,
  common: { readonly status: number; readonly requestId?: string },
): ApiError {
  const message = text(body["message"]);
  const fix =
    response.status === 429 || response.status >= 500
      ? "try again; if it stays, look at the logs of the API"
      : "check that the address is that of a Countersign API";
  return new ApiError(
    `answered ${response.status}${message ? ` "${message}"` : ""} without problem details`,
    { ...common, code: unexpectedAnswer, fix },
  );
}

function readRetryAfter(response: Response): number | undefined {
  const seconds = response.headers.get("retry-after");
  return seconds !== null && /^\d{1,6}$/.test(seconds) ? Number(seconds) : undefined;
}

function optional<K extends string>(name: K, value: string | null | undefined): { [P in K]?: string } {
  return value ? ({ [name]: value } as { [P in K]?: string }) : {};
}

function text(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
