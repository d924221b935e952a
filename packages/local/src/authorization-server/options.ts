import type { DatabaseSync } from "node:sqlite";
import type { ClientMetadata } from "oidc-provider";
import { AuthorizationServerError } from "./errors.ts";

/**
 * Client metadata under its RFC 7591 names, with two rights that only a seeded client can have.
 *
 * @see https://www.rfc-editor.org/rfc/rfc7591#section-2
 */
export interface ClientRegistration extends ClientMetadata {
  /** The client is a resource server: it may introspect every access token, not its own alone. */
  may_introspect?: boolean;
  /** A token this client gets by exchange may live longer than the subject token. */
  may_outlive_subject?: boolean;
}

/** A person who can sign in; without a `password` the name alone signs in. */
export interface AccountRecord {
  sub: string;
  name?: string | undefined;
  email?: string | undefined;
  password?: string | undefined;
  /** Put into this person's access tokens and ID tokens as they are, e.g. `groups`. */
  claims?: Record<string, unknown> | undefined;
}

/** A resource server that tokens can be asked for, by its RFC 8707 resource indicator. */
export interface ProtectedResource {
  /** An absolute URI: the `resource` of a request and the `aud` of the token. */
  audience: string;
  scopes: string[];
  accessTokenFormat: "jwt" | "opaque";
  accessTokenTtlSeconds?: number | undefined;
}

/** Seals what must not stand readable in the database; `decrypt` fails under another context. */
export interface Cipher {
  encrypt(plaintext: Uint8Array, context: Record<string, string>): Uint8Array;
  decrypt(ciphertext: Uint8Array, context: Record<string, string>): Uint8Array;
}

export interface AuthorizationServerOptions {
  /** Belongs to the caller, who closes it after `close()`. */
  database: DatabaseSync;
  /** Where the listener is reached, e.g. `http://127.0.0.1:9210`; may have a path. */
  issuer: string;
  clients: ClientRegistration[];
  accounts: AccountRecord[];
  resources: ProtectedResource[];
  /** The audience of a token asked for without `resource`. */
  defaultResource: string;
  cipher: Cipher;
  /** Opens dynamic registration (RFC 7591) to whoever holds it; without it there is none. */
  initialAccessToken?: string | undefined;
  /** Receives one line per server error, free of tokens; stderr by default. */
  report?: (line: string) => void;
}

const registeredClaims = new Set([
  ...["iss", "sub", "aud", "exp", "nbf", "iat", "jti", "client_id", "scope", "cnf", "act", "may_act"],
  ...["grant_id", "authorization_details", "active", "token_type", "sid", "nonce", "at_hash", "acr", "amr"],
]);

/** @throws {AuthorizationServerError} `options.invalid`, naming the option and the fact. */
export function checkOptions(options: AuthorizationServerOptions): void {
  checkResources(options);
  checkClients(options.clients);
  checkAccounts(options);
}

function checkResources({ resources, defaultResource }: AuthorizationServerOptions): void {
  for (const { audience, scopes, accessTokenTtlSeconds: ttl } of resources) {
    if (!URL.canParse(audience) || audience.includes("#")) {
      refuse(`resources: audience "${audience}" is not an absolute URI without fragment`);
    }
    if (scopes.length === 0) refuse(`resources: "${audience}" has no scopes, expected at least one`);
    if (ttl !== undefined && !(Number.isSafeInteger(ttl) && ttl > 0)) {
      refuse(`resources: accessTokenTtlSeconds of "${audience}" is ${ttl}, expected a positive integer`);
    }
  }
  refuseDuplicates(
    "resources: audience",
    resources.map(({ audience }) => audience),
  );
  if (!resources.some(({ audience }) => audience === defaultResource)) {
    refuse(`defaultResource is "${defaultResource}", expected the audience of one of the resources`);
  }
}

function checkClients(clients: ClientRegistration[]): void {
  refuseDuplicates(
    "clients: client_id",
    clients.map(({ client_id }) => client_id),
  );
}

function checkAccounts({ accounts, clients }: AuthorizationServerOptions): void {
  refuseDuplicates(
    "accounts: sub",
    accounts.map(({ sub }) => sub),
  );
  for (const { sub, claims } of accounts) {
    if (clients.some(({ client_id }) => client_id === sub)) {
      refuse(`accounts: sub "${sub}" is also a client_id, expected subjects to be distinct`);
    }
    for (const claim of Object.keys(claims ?? {})) {
      if (registeredClaims.has(claim)) {
        refuse(`accounts: claims of "${sub}" hold "${claim}", which the server sets itself`);
      }
    }
  }
}

function refuseDuplicates(field: string, values: string[]): void {
  const twice = values.find((value, index) => values.indexOf(value) !== index);
  if (twice !== undefined) refuse(`${field} "${twice}" appears twice, expected unique values`);
}

function refuse(message: string): never {
  throw new AuthorizationServerError("options.invalid", message);
}
