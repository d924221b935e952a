import { RefusedError, UnavailableError } from "@countersign/core/error/errors";
import { createRemoteJWKSet, customFetch, errors, type RemoteJWKSet } from "jose";
import { createBoundedFetch, isLoopbackHttp } from "../http/bounded-fetch.ts";

/** The public key of a token's header. */
export type SigningKey = Awaited<ReturnType<RemoteJWKSet>>;

/** An issuer's published signing keys. */
export interface SigningKeys {
  /**
   * Keys are fetched when a key id is not known, but at most every 30 seconds, and anew after 10 minutes.
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

/** The signing keys at a JWK Set URL (RFC 7517 §5). */
export function createSigningKeys({ issuer, jwksUri, timeoutSeconds }: SigningKeysOptions): SigningKeys {
  const boundedFetch = createBoundedFetch({ allowLoopbackHttp: isLoopbackHttp(new URL(issuer)) });
  const keySet = createRemoteJWKSet(jwksUri, {
    timeoutDuration: timeoutSeconds * 1000,
    cooldownDuration: 30_000,
    cacheMaxAge: 600_000,
    [customFetch]: boundedFetch,
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

/** Only an unknown key id is the token's fault; whatever else goes wrong with a key set is the issuer's. */
function translate(error: unknown, issuer: string): RefusedError | UnavailableError {
  if (error instanceof errors.JWKSNoMatchingKey) {
    return new RefusedError("token.signature_invalid", '"kid" names no key of the issuer', { field: "kid" });
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
