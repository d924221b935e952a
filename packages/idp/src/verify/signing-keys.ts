import { RefusedError, UnavailableError } from "@countersign/core/error/errors";
import { createRemoteJWKSet, customFetch, errors, type RemoteJWKSet } from "jose";
import { createBoundedFetch, isLoopbackHttp } from "../http/bounded-fetch.ts";

/** The public key of a token's header. */
export type SigningKey = Awaited<ReturnType<RemoteJWKSet>>;

/** An issuer's published signing keys. */
export interface SigningKeys {
  /**
   * Keys are fetched anew after 10 minutes, and before that for an unknown key id, but then at most every 30
   * seconds. A fetch that failed is not tried again for a second.
   *
   * @throws {RefusedError} `token.signature_invalid` when the issuer publishes no such key.
   * @throws {UnavailableError} `provider.unavailable` when the keys can't be fetched or used.
   */
  find(header: { readonly alg: string; readonly kid: string }): Promise<SigningKey>;
}

export interface SigningKeysOptions {
  readonly issuer: string;
  readonly jwksUri: URL;
  readonly timeoutSeconds: number;
}

type Fetch = ReturnType<typeof createBoundedFetch>;

const cooldownMilliseconds = 30_000;
const maxAgeMilliseconds = 600_000;
/** Anyone can send tokens with made-up key ids: they must not turn into as many requests to a failing issuer. */
const failureCooldownMilliseconds = 1000;

/** The signing keys at a JWK Set URL (RFC 7517 §5). */
export function createSigningKeys({ issuer, jwksUri, timeoutSeconds }: SigningKeysOptions): SigningKeys {
  const boundedFetch = createBoundedFetch({ allowLoopbackHttp: isLoopbackHttp(new URL(issuer)) });
  const keySet = createRemoteJWKSet(jwksUri, {
    timeoutDuration: Math.ceil(timeoutSeconds * 1000),
    cooldownDuration: cooldownMilliseconds,
    cacheMaxAge: maxAgeMilliseconds,
    [customFetch]: paced(boundedFetch),
  });
  return {
    async find(header) {
      try {
        return await keySet(header);
      } catch (error) {
        throw translate(error, issuer);
      }
    },
  };
}

/** A fetch that pauses for a second; keys that came are kept much longer by their own cache. */
function paced(fetchKeys: Fetch): Fetch {
  let endedAt: number | undefined;
  return async (url, options) => {
    const age = endedAt === undefined ? Number.POSITIVE_INFINITY : Date.now() - endedAt;
    // A clock set back must not stretch the pause.
    if (age >= 0 && age < failureCooldownMilliseconds) {
      throw Object.assign(new Error("the keys were asked for a moment ago"), { code: "JWKS_FETCH_PAUSED" });
    }
    try {
      return await fetchKeys(url, options);
    } finally {
      endedAt = Date.now();
    }
  };
}

/** Only an unknown key id is the token's fault; whatever else goes wrong with a key set is the issuer's. */
function translate(error: unknown, issuer: string): RefusedError | UnavailableError {
  if (error instanceof errors.JWKSNoMatchingKey) {
    // In the words of a signature that does not verify: which of the two it is would tell which keys there are.
    return new RefusedError("token.signature_invalid", "the signature does not verify");
  }
  const { name, code } = describe(error);
  return new UnavailableError("provider.unavailable", `the keys of "${issuer}" can't be used (${code})`, {
    cause: Object.assign(new Error(code), { name, code }),
  });
}

function describe(error: unknown): { name: string; code: string } {
  if (!(error instanceof Error)) return { name: "Error", code: "unknown" };
  for (const one of [error, error.cause]) {
    if (one instanceof Error && "code" in one && typeof one.code === "string") {
      return { name: error.name, code: one.code };
    }
  }
  return { name: error.name, code: error.name };
}
