export type AuthorizationServerErrorCode =
  | "options.invalid"
  | "client.not_found"
  | "client.has_no_secret"
  | "client_secret.not_found"
  | "client_secret.last";

/** The server was called or configured wrongly by its own process; OAuth refusals never take this form. */
export class AuthorizationServerError extends Error {
  override readonly name = "AuthorizationServerError";
  readonly code: AuthorizationServerErrorCode;

  constructor(code: AuthorizationServerErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
