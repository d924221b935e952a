import type { Actor, IdentityMode, Subject } from "../entry/entry.ts";

/** A token the provider issued to Countersign's own client. `value` is secret: seal it, use it, never log it. */
export interface IssuedToken {
  readonly value: string;
  readonly scopes: readonly string[];
  /** Epoch milliseconds; undefined when the provider states no lifetime (RFC 6749 §5.1 `expires_in` is optional). */
  readonly expiresAt: number | undefined;
}

/** What introspection says of a token (RFC 7662 §2.2). */
export type Introspection =
  | { readonly active: false }
  | {
      readonly active: true;
      /** `signature` where the provider can't be asked: the token's own claims, whatever became of it since. */
      readonly evidence: "introspection" | "signature";
      readonly subject: Subject | undefined;
      /** As `principal` of a verified token, where the issuer's tokens have one. */
      readonly principal?: string;
      readonly clientId: string | undefined;
      readonly scopes: readonly string[];
      readonly audiences: readonly string[];
      readonly actors: readonly Actor[];
      readonly expiresAt: number | undefined;
    };

/** What is asked of a token exchange (RFC 8693 §2.1). */
export interface ExchangeRequest {
  readonly subjectToken: string;
  readonly audience: string;
  readonly scopes: readonly string[];
}

/** One identity provider, through Countersign's own client there. Nothing is retried inside. */
export interface IdentityProvider {
  /**
   * How grants come by their identity here: exchanged for the caller's, Countersign's own by
   * `client_credentials`, or none but the inbound token (`inbound_only`).
   */
  readonly identityMode: IdentityMode;

  /** Countersign's own client, as tokens issued to it name it. */
  readonly clientId: string;

  /** What shows in an exchanged token that Countersign acts: `act`, or only that it was issued to its client. */
  readonly actingShownBy: "act" | "client";

  /**
   * Gets a grant token: by token exchange, or as Countersign itself where that is how it is configured.
   *
   * @throws {OAuthResponseError} `provider.exchange_refused` or `provider.client_refused`.
   * @throws {RefusedError} `provider.grant_mismatch` when the answer was no token to use; it was taken back.
   * @throws {OutcomeUnknownError} `provider.unavailable` when the answer was lost: a token may exist.
   */
  exchange(request: ExchangeRequest): Promise<IssuedToken>;

  /**
   * What the provider says of a token it issued; where it has no introspection for it, what the token says,
   * once its signature has been verified.
   *
   * @throws {RefusedError} `provider.token_uncheckable` when the token is opaque and there is no introspection.
   * @throws {RefusedError} `provider.grant_mismatch` when its signature is not the issuer's.
   * @throws {UnavailableError} `provider.unavailable`. @throws {OAuthResponseError} `provider.client_refused`.
   */
  introspect(token: string): Promise<Introspection>;

  /**
   * Revokes a token and what hangs on it at the provider (RFC 7009 §2).
   *
   * Resolves with `unsupported` where the provider revokes no such token. Safe to repeat.
   *
   * @throws {UnavailableError} `provider.unavailable`. @throws {OAuthResponseError} `provider.client_refused`.
   */
  revoke(token: string): Promise<"accepted" | "unsupported">;
}

/** Finds the provider that issued a subject's tokens. */
export interface IdentityProviders {
  /** @throws {RefusedError} `token.issuer_unknown`. */
  of(issuer: string): IdentityProvider;
}
