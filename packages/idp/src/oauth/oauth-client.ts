import type { Clock } from "@countersign/core/clock";
import type { IssuerConfig } from "@countersign/core/config/config";
import { UnavailableError } from "@countersign/core/error/errors";
import {
  allowInsecureRequests,
  type ClientAuth,
  ClientSecretBasic,
  ClientSecretPost,
  Configuration,
  customFetch,
  discovery,
  None,
  type ServerMetadata,
} from "openid-client";
import { createBoundedFetch, isLoopbackHttp } from "../http/bounded-fetch.ts";
import { isClientRefused, type ProviderOperation, providerError } from "./provider-error.ts";
import { readFailure } from "./provider-failure.ts";

/** Reads a client secret by the name the configuration gives it; `refresh` asks past any cache. */
export type ClientSecretReader = (secretName: string, refresh?: boolean) => Promise<string>;

export interface OAuthClientOptions {
  readonly issuer: IssuerConfig;
  readonly clientSecret: ClientSecretReader;
  readonly clock: Clock;
  readonly timeoutSeconds: number;
}

/** Countersign's own client at one issuer: knows its metadata, authenticates, and says what went wrong. */
export class OAuthClient {
  readonly #issuer: IssuerConfig;
  readonly #clientSecret: ClientSecretReader;
  readonly #clock: Clock;
  readonly #timeoutSeconds: number;
  readonly #isLoopback: boolean;
  readonly #fetch: ReturnType<typeof createBoundedFetch>;
  #metadata: Promise<ServerMetadata> | undefined;
  #current: { readonly secret: string; readonly configuration: Configuration } | undefined;

  constructor({ issuer, clientSecret, clock, timeoutSeconds }: OAuthClientOptions) {
    this.#issuer = issuer;
    this.#clientSecret = clientSecret;
    this.#clock = clock;
    this.#timeoutSeconds = timeoutSeconds;
    this.#isLoopback = isLoopbackHttp(new URL(issuer.issuer));
    this.#fetch = createBoundedFetch({ allowLoopbackHttp: this.#isLoopback });
  }

  /**
   * The issuer's metadata, asked for once; a failure is not kept (OpenID Connect Discovery §4).
   *
   * @throws {UnavailableError} `provider.unavailable`.
   */
  metadata(): Promise<ServerMetadata> {
    this.#metadata ??= this.#discover().catch((error: unknown) => {
      this.#metadata = undefined;
      throw error;
    });
    return this.#metadata;
  }

  /**
   * Makes one request as the client. Where the provider refuses the client, the secret is read afresh, and
   * the request made once more if that gave another secret; the refused request had no effect.
   *
   * @throws {UnavailableError} {OutcomeUnknownError} {OAuthResponseError} as {@link providerError} says.
   */
  async request<T>(
    operation: ProviderOperation,
    send: (configuration: Configuration) => Promise<T>,
  ): Promise<T> {
    const metadata = await this.metadata();
    const secret = await this.#clientSecret(this.#issuer.client.secret);
    try {
      return await send(this.#configure(metadata, secret));
    } catch (error) {
      const failure = readFailure(error, this.#clock.now());
      if (!failure || !isClientRefused(failure)) throw this.#translate(error, operation);
      const fresh = await this.#clientSecret(this.#issuer.client.secret, true);
      if (fresh === secret) throw this.#translate(error, operation);
      return await send(this.#configure(metadata, fresh)).catch((second: unknown) => {
        throw this.#translate(second, operation);
      });
    }
  }

  async #discover(): Promise<ServerMetadata> {
    const { issuer, client } = this.#issuer;
    const configuration = await discovery(new URL(issuer), client.id, undefined, None(), {
      timeout: this.#timeoutSeconds,
      [customFetch]: this.#fetch,
      execute: this.#isLoopback ? [allowInsecureRequests] : [],
    }).catch((error: unknown) => {
      throw this.#translate(error, "discover");
    });
    const metadata = configuration.serverMetadata();
    // openid-client forgives a slash at the end; tokens carry the name exactly, so it must be exact here.
    if (metadata.issuer === issuer) return metadata;
    throw new UnavailableError(
      "provider.unavailable",
      `"issuer" in the metadata is ${JSON.stringify(metadata.issuer.slice(0, 200))}, expected "${issuer}"`,
      { field: "issuer" },
    );
  }

  #configure(metadata: ServerMetadata, secret: string): Configuration {
    if (this.#current?.secret === secret) return this.#current.configuration;
    const { id, method } = this.#issuer.client;
    const configuration = new Configuration(metadata, id, undefined, authentication(method, secret));
    configuration.timeout = this.#timeoutSeconds;
    configuration[customFetch] = this.#fetch;
    if (this.#isLoopback) allowInsecureRequests(configuration);
    this.#current = { secret, configuration };
    return configuration;
  }

  #translate(error: unknown, operation: ProviderOperation): unknown {
    const failure = readFailure(error, this.#clock.now());
    return failure ? providerError(failure, operation, this.#issuer.issuer) : error;
  }
}

function authentication(method: IssuerConfig["client"]["method"], secret: string): ClientAuth {
  return method === "client_secret_post" ? ClientSecretPost(secret) : ClientSecretBasic(secret);
}
