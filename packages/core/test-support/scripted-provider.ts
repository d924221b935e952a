import { randomUUID } from "node:crypto";
import type { IdentityMode, Subject } from "../src/entry/entry.ts";
import { RefusedError } from "../src/error/errors.ts";
import type {
  ExchangeRequest,
  IdentityProvider,
  IdentityProviders,
  Introspection,
  IssuedToken,
} from "../src/token/identity-provider.ts";

/** A provider that issues what it is asked for and forgets what is revoked, unless its script says otherwise. */
export class ScriptedProvider implements IdentityProvider {
  identityMode: IdentityMode = "exchanged";
  readonly clientId = "countersign";
  actingShownBy: IdentityProvider["actingShownBy"] = "act";
  readonly subject: Subject;
  readonly lifetimeSeconds: number;
  readonly issued: string[] = [];
  readonly revoked: string[] = [];
  /** Thrown by the next exchanges, introspections and revocations. */
  exchangeError: Error | undefined;
  introspectError: Error | undefined;
  revokeError: Error | undefined;
  /** Put over what an exchange or an introspection says. */
  issues: Partial<IssuedToken> = {};
  introspects: Partial<Extract<Introspection, { active: true }>> | { active: false } | undefined;
  /** Whether a revoked token still introspects as active. */
  ignoresRevocation = false;
  /** Whether it has no revocation for its tokens. */
  revokesNothing = false;
  readonly #requests = new Map<string, ExchangeRequest>();
  readonly #now: number;

  constructor(subject: Subject, now: number, lifetimeSeconds = 3_600) {
    this.subject = subject;
    this.#now = now;
    this.lifetimeSeconds = lifetimeSeconds;
  }

  async exchange(request: ExchangeRequest): Promise<IssuedToken> {
    if (this.exchangeError) throw this.exchangeError;
    const value = `grant-token-${randomUUID()}`;
    this.issued.push(value);
    this.#requests.set(value, request);
    return {
      value,
      scopes: request.scopes,
      expiresAt: this.#now + this.lifetimeSeconds * 1000,
      ...this.issues,
    };
  }

  async introspect(token: string): Promise<Introspection> {
    if (this.introspectError) throw this.introspectError;
    const request = this.#requests.get(token);
    const isDead = this.revoked.includes(token) && !this.ignoresRevocation;
    if (!request || isDead || this.introspects?.active === false) return { active: false };
    return {
      active: true,
      evidence: "introspection",
      subject: this.subject,
      clientId: "countersign",
      scopes: request.scopes,
      audiences: [request.audience],
      actors: [{ iss: this.subject.iss, sub: "countersign" }],
      expiresAt: this.#now + this.lifetimeSeconds * 1000,
      ...this.introspects,
    };
  }

  async revoke(token: string): Promise<"accepted" | "unsupported"> {
    if (this.revokeError) throw this.revokeError;
    if (this.revokesNothing) return "unsupported";
    this.revoked.push(token);
    return "accepted";
  }
}

/** The providers of a configuration with this one alone. */
export function onlyProvider(provider: IdentityProvider, issuer: string): IdentityProviders {
  return {
    of(asked) {
      if (asked === issuer) return provider;
      throw new RefusedError("token.issuer_unknown", `"iss" is "${asked}", expected a configured issuer`);
    },
  };
}
