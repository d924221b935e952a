/** What one documented error code means: its HTTP status, whether trying again can help, and the mend. */
export interface ErrorDefinition {
  readonly status: number;
  readonly retryable: boolean;
  /** RFC 9457 `title`: the same for every occurrence. */
  readonly title: string;
  readonly fix: string;
  /** RFC 6750 §3.1 `error`, for codes answered with a `WWW-Authenticate` challenge. */
  readonly challenge?: "invalid_request" | "invalid_token" | "insufficient_scope";
}

const define = <T extends Record<string, ErrorDefinition>>(codes: T): T => codes;

const invalidToken = (title: string, fix: string): ErrorDefinition => ({
  status: 401,
  retryable: false,
  title,
  fix,
  challenge: "invalid_token",
});

const unavailable = (title: string, fix: string): ErrorDefinition => ({
  status: 503,
  retryable: true,
  title,
  fix,
});

/** Every error code an answer, a log line or a dead letter can carry. Codes never change meaning. */
export const errorCatalog = define({
  "request.malformed": {
    status: 400,
    retryable: false,
    title: "the request is malformed",
    fix: "send the field in the form named in the detail",
    challenge: "invalid_request",
  },
  "request.too_large": {
    status: 413,
    retryable: false,
    title: "the request is too large",
    fix: "send an input of at most 262144 bytes of JSON",
  },
  "request.input_holds_token": {
    status: 422,
    retryable: false,
    title: "the input holds a token",
    fix: "take the token out of the input; a step asks for its own token by execution and state name",
  },
  "request.input_reserved": {
    status: 422,
    retryable: false,
    title: "the input uses a reserved name",
    fix: 'rename the top-level field "countersign"; the gate writes it',
  },
  "resource.not_found": {
    status: 404,
    retryable: false,
    title: "not found",
    fix: "check the name; what is not yours is answered as not found",
  },
  "token.missing": {
    status: 401,
    retryable: false,
    title: "no access token",
    fix: 'send "Authorization: Bearer" with an access token',
  },
  "token.malformed": invalidToken(
    "the access token is malformed",
    "send the access token exactly as the issuer gave it",
  ),
  "token.too_large": invalidToken(
    "the access token is too large",
    "ask the issuer for a token of at most 8192 bytes",
  ),
  "token.header_refused": invalidToken(
    "the access token's header is refused",
    'use a token whose header holds only "alg", "typ" and "kid"',
  ),
  "token.type_mismatch": invalidToken(
    "the token is not an access token",
    'send an access token, not an ID token; its "typ" is at+jwt (RFC 9068) unless the issuer\'s profile says otherwise',
  ),
  "token.signature_invalid": invalidToken(
    "the access token's signature does not verify",
    "get a new token from the configured issuer",
  ),
  "token.issuer_unknown": invalidToken(
    "the access token's issuer is not configured",
    "use a token of an issuer listed in countersign.config.ts",
  ),
  "token.audience_mismatch": invalidToken(
    "the access token is for another audience",
    "request a token for the audience the gate expects (RFC 8707 resource)",
  ),
  "token.claim_invalid": invalidToken(
    "a claim of the access token is invalid",
    "get a new token from the issuer",
  ),
  "token.expired": invalidToken("the access token has expired", "get a new token from the issuer"),
  "token.not_yet_valid": invalidToken(
    "the access token is not valid yet",
    "check the clocks of caller, issuer and gate",
  ),
  "token.lifetime_exceeded": invalidToken(
    "the access token lives too long",
    "ask the issuer for a token with a shorter lifetime",
  ),
  "token.inactive": invalidToken(
    "the access token is not active",
    "get a new token; this one has expired, was revoked or was never issued",
  ),
  "token.sender_constrained": invalidToken(
    "the access token is bound to a key",
    "use a bearer token; proofs of possession are not accepted here",
  ),
  "token.replayed": invalidToken(
    "the access token was used before",
    "get a new token for each start; this issuer's tokens start one execution each",
  ),
  "policy.scope_insufficient": {
    status: 403,
    retryable: false,
    title: "the access token lacks a scope",
    fix: "request a token with the scopes named in the detail; where none is named, check the workflow's name, and ask who runs it for a scope",
    challenge: "insufficient_scope",
  },
  "policy.role_missing": {
    status: 403,
    retryable: false,
    title: "the subject has no role in this workflow",
    fix: "request a token with the scopes of one of the workflow's roles",
    challenge: "insufficient_scope",
  },
  "policy.agent_refused": {
    status: 403,
    retryable: false,
    title: "an agent may not start this workflow",
    fix: "start it as the subject itself, or allow agents in the workflow's policy",
  },
  "policy.delegation_too_deep": {
    status: 403,
    retryable: false,
    title: "the chain of actors is too long",
    fix: "shorten the delegation, or raise agents.maxDelegation in the workflow's policy",
  },
  "policy.token_lifetime_exceeded": {
    status: 403,
    retryable: false,
    title: "the access token lives longer than the workflow allows",
    fix: "request a token with a lifetime of at most limits.tokenLifetime",
  },
  "policy.subject_blocked": {
    status: 403,
    retryable: false,
    title: "the subject, client or token is blocked",
    fix: "ask the operators; the block is in the ledger",
  },
  "policy.start_rate_exceeded": {
    status: 429,
    retryable: true,
    title: "too many starts of this workflow",
    fix: "try again after the seconds in Retry-After",
  },
  "execution.conflict": {
    status: 409,
    retryable: false,
    title: "the Idempotency-Key was used for another request",
    fix: "use a new Idempotency-Key for a new request",
  },
  "execution.start_unresolved": {
    status: 409,
    retryable: true,
    title: "an earlier request with this Idempotency-Key is not resolved",
    fix: "try again in a minute with the same Idempotency-Key",
  },
  "execution.name_taken": {
    status: 409,
    retryable: false,
    title: "an execution that the gate did not start has this request's name",
    fix: "use a new Idempotency-Key, and look at the finding in the ledger",
  },
  "execution.not_running": {
    status: 409,
    retryable: false,
    title: "the execution is not running",
    fix: "only a running execution can be stopped",
  },
  "execution.start_refused": {
    status: 502,
    retryable: false,
    title: "Step Functions refused to start the execution",
    fix: "check the state machine that the workflow names",
  },
  "provider.exchange_refused": {
    status: 403,
    retryable: false,
    title: "the identity provider refused to exchange the access token",
    fix: "check that the provider lets Countersign's client exchange tokens for this audience and scope",
  },
  "provider.grant_mismatch": {
    status: 502,
    retryable: false,
    title: "the identity provider answered with a token for something else",
    fix: "check what the provider issues to Countersign's client; the token was revoked and nothing was started",
  },
  "provider.token_uncheckable": {
    status: 502,
    retryable: false,
    title: "the identity provider answered with a token that cannot be checked",
    fix: "have the provider issue JWT access tokens for grantAudience, or announce an introspection endpoint",
  },
  "provider.client_refused": unavailable(
    "the identity provider refused Countersign's own client",
    "check the client's secret and its grant types at the provider",
  ),
  "provider.revocation_unconfirmed": unavailable(
    "the identity provider accepted a revocation that its introspection does not show yet",
    "wait; it is looked at again, and recorded as exposure if it stays",
  ),
  "provider.unavailable": unavailable("the identity provider did not answer", "try again later"),
  "store.throttled": {
    status: 429,
    retryable: true,
    title: "more is asked than the account's limits allow, and nothing was started",
    fix: "try again after the seconds in Retry-After; raise the quota named in the detail if it stays",
  },
  "store.unavailable": unavailable(
    "the ledger did not take the record, so nothing was started",
    "try again later",
  ),
  "ledger.fact_conflict": {
    status: 500,
    retryable: false,
    title: "a fact is already in the ledger with other content",
    fix: "treat it as an integrity finding: compare both, find who wrote the second",
  },
  "ledger.entry_unreadable": {
    status: 500,
    retryable: false,
    title: "an entry in the ledger cannot be read",
    fix: "treat it as an integrity finding: the stored bytes are not what was written",
  },
  "event.malformed": {
    status: 400,
    retryable: false,
    title: "the event is not a status event",
    fix: "check the rule that sends events to the recorder",
  },
  "event.undeliverable": {
    status: 503,
    retryable: true,
    title: "the event could not be recorded in all its tries",
    fix: "mend the cause named in the reason, then redrive the dead letter",
  },
  "config.invalid": {
    status: 500,
    retryable: false,
    title: "the configuration is invalid",
    fix: "mend the field named in the detail in countersign.config.ts",
  },
  internal: {
    status: 500,
    retryable: true,
    title: "an internal error",
    fix: "try again; if it stays, search the logs for the request id",
  },
});

/** A stable, documented error code. */
export type ErrorCode = keyof typeof errorCatalog;
