/** Thrown by `deliver` when no retry can help, e.g. the target is gone: the event goes to the dead letters at once. */
export class UndeliverableError extends Error {
  override readonly name = "UndeliverableError";
  readonly code: string;

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** What the `ERROR_CODE` attribute of a dead letter says of an error. */
export function errorCode(error: unknown): string {
  if (!(error instanceof Error)) return "UNKNOWN";
  return "code" in error && typeof error.code === "string" ? error.code : error.name;
}

/** What the `ERROR_MESSAGE` attribute of a dead letter says of an error. */
export function errorMessage(error: unknown): string {
  const message = error instanceof Error ? error.message : "the target failed without an error";
  return message || "the target failed without a message";
}
