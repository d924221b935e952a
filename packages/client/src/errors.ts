/** What an {@link ApiError} says beside its message. */
export interface ApiErrorFields {
  readonly code: string;
  readonly status: number;
  readonly fix: string;
  readonly field?: string;
  readonly requestId?: string;
  readonly retryAfterSeconds?: number;
}

/**
 * The API refused the request, or could not do it (RFC 9457 problem details).
 *
 * `code` is one of the documented codes; `http.unexpected_answer` when what answered is not the API, or is
 * a gateway before it.
 */
export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly code: string;
  readonly status: number;
  /** What happened this time: the same as `message`. */
  readonly detail: string;
  /** What to do. */
  readonly fix: string;
  /** The field, claim or header at fault. */
  readonly field: string | undefined;
  /** Names the request in the API's logs. */
  readonly requestId: string | undefined;
  readonly retryAfterSeconds: number | undefined;

  constructor(detail: string, fields: ApiErrorFields) {
    super(detail);
    this.detail = detail;
    this.code = fields.code;
    this.status = fields.status;
    this.fix = fields.fix;
    this.field = fields.field;
    this.requestId = fields.requestId;
    this.retryAfterSeconds = fields.retryAfterSeconds;
  }
}

/** Nothing answered: whether the request was carried out is not known. */
export class ConnectionError extends Error {
  override readonly name = "ConnectionError";
  /** What to start or check. */
  readonly fix: string;

  constructor(message: string, fix: string, cause: unknown) {
    super(message, { cause });
    this.fix = fix;
  }
}
