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
import { ClientSecret, type ClientSecretReader } from "./client-secret.ts";
import { KeptMetadata } from "./kept-metadata.ts";
import { isClientRefused, type ProviderOperation, providerError } from "./provider-error.ts";
import { readFailure } from "./provider-failure.ts";

export interface OAuthClientOptions {
  readonly issuer: IssuerConfig;
  readonly clientSecret: ClientSecretReader;
  readonly clock: Clock;
  readonly timeoutSeconds: number;
}

interface CurrentConfiguration {
  readonly metadata: ServerMetadata;
  readonly secret: string;
  readonly configuration: Configuration;
}

/** Countersign's own client at one issuer: knows its metadata, authenticates, and says what went wrong. */
export class OAuthClient {
  readonly #issuer: IssuerConfig;
  readonly #secret: ClientSecret;
  readonly #clock: Clock;
  readonly #timeoutSeconds: number;
  readonly #isLoopback: boolean;
  readonly #fetch: ReturnType<typeof createBoundedFetch>;
  readonly #metadata: KeptMetadata;
  #current: CurrentConfiguration | undefined;

  constructor({ issuer, clientSecret, clock, timeoutSeconds }: OAuthClientOptions) {
    this.#issuer = issuer;
    this.#secret = new ClientSecret(issuer.client.secret, clientSecret, clock);
    this.#clock = clock;
    this.#timeoutSeconds = timeoutSeconds;
    this.#isLoopback = isLoopbackHttp(new URL(issuer.issuer));
    this.#fetch = createBoundedFetch({ allowLoopbackHttp: this.#isLoopback });
    this.#metadata = new KeptMetadata(() => this.#discover(), clock);
  }

  /**
   * The issuer's metadata, as {@link KeptMetadata} keeps it (OpenID Connect Discovery §4).
   *
   * @throws {UnavailableError} `provider.unavailable`.
   */
  metadata(): Promise<ServerMetadata> {
    return this.#metadata.get();
  }

  /**
   * Makes one request as the client. Where the provider refuses the client, the request is made
   * once more if there is another secret by now; the refused request had no effect.
   *
   * @throws {UnavailableError} {OutcomeUnknownError} {OAuthResponseError} as {@link providerError} says.
   */
  async request<T>(
    operation: ProviderOperation,
    send: (configuration: Configuration) => Promise<T>,
  ): Promise<T> {
    const metadata = await this.metadata();
    const secret = await this.#secret.current();
    try {
      return await send(this.#configure(metadata, secret));
    } catch (error) {
      const failure = readFailure(error, this.#clock.now());
      if (!failure || !isClientRefused(failure)) throw this.#translate(error, operation);
      const fresh = await this.#secret.afterRefusal(secret);
      if (fresh === undefined) throw this.#translate(error, operation);
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
    const current = this.#current;
    if (current?.secret === secret && current.metadata === metadata) return current.configuration;
    const { id, method } = this.#issuer.client;
    const configuration = new Configuration(metadata, id, undefined, authentication(method, secret));
    configuration.timeout = this.#timeoutSeconds;
    configuration[customFetch] = this.#fetch;
    if (this.#isLoopback) allowInsecureRequests(configuration);
    this.#current = { metadata, secret, configuration };
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
