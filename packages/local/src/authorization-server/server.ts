import type { RequestListener } from "node:http";
import Provider, { type Client, errors } from "oidc-provider";
import { indexAccounts } from "./accounts.ts";
import { createAdapterFactory } from "./adapter.ts";
import { openArtifactStore } from "./artifact-store.ts";
import {
  type ClientSecretRecord,
  type ClientSecrets,
  generateClientSecret,
  type IssuedClientSecret,
  openClientSecrets,
} from "./client-secrets.ts";
import { buildConfiguration } from "./configuration.ts";
import { describeFault, reportServerErrors } from "./error-report.ts";
import { AuthorizationServerError } from "./errors.ts";
import { createInteractionHandler } from "./interaction/handler.ts";
import { openServerKeys } from "./keys.ts";
import { createListener, issuerPath } from "./listener.ts";
import { type AuthorizationServerOptions, type ClientRegistration, checkOptions } from "./options.ts";
import { hideSecretPlaceholder } from "./registration.ts";
import { indexResources } from "./resources.ts";
import { registerTokenExchange } from "./token-exchange/handler.ts";

export type { AuthorizationServerOptions } from "./options.ts";

export interface AuthorizationServer {
  readonly listener: RequestListener;
  /**
   * Makes a further secret for a client; those it has stay valid beside it.
   *
   * @throws {AuthorizationServerError} `client.not_found`, `client.has_no_secret`
   */
  addClientSecret(clientId: string): Promise<IssuedClientSecret>;
  /** The secrets a client can authenticate with now. @throws {AuthorizationServerError} `client.not_found` */
  listClientSecrets(clientId: string): Promise<ClientSecretRecord[]>;
  /**
   * Refuses a secret from `endsAt` on, at once by default.
   *
   * @throws {AuthorizationServerError} `client.not_found`, `client_secret.not_found`, and `client_secret.last`
   * when no other secret of the client would remain.
   */
  retireClientSecret(clientId: string, secretId: string, endsAt?: Date): Promise<void>;
  /** Ends the server's own work; the database and the HTTP server are the caller's to close. */
  close(): Promise<void>;
}

const pruneEveryMilliseconds = 60_000;

/**
 * Makes an OAuth 2.0 and OpenID Connect authorization server with its state in `options.database`.
 *
 * A second server on the same database, after the first is gone, continues where that one stopped.
 *
 * @throws {AuthorizationServerError} `options.invalid`
 */
export async function createAuthorizationServer(
  options: AuthorizationServerOptions,
): Promise<AuthorizationServer> {
  checkOptions(options);
  const { database, issuer } = options;
  const report = options.report ?? ((line) => process.stderr.write(`${line}\n`));
  const reportFault = (error: unknown) => report(describeFault("request", error));

  const keys = openServerKeys(database, options.cipher);
  const artifacts = openArtifactStore(database);
  const secrets = openClientSecrets(database, keys.clientSecretHash);
  const secretPlaceholder = generateClientSecret();
  const accounts = indexAccounts(options.accounts);
  const resources = indexResources(options.resources, options.defaultResource);
  const path = issuerPath(issuer);

  const provider = new Provider(
    issuer,
    buildConfiguration({
      adapter: createAdapterFactory({ database, artifacts, secrets, secretPlaceholder }),
      accounts,
      clients: seedClients(options.clients, secrets, secretPlaceholder),
      keys,
      resources,
      initialAccessToken: options.initialAccessToken,
      interactionPath: (uid) => `${path}/interaction/${uid}`,
    }),
  );
  provider.Client.prototype.compareClientSecret = function (this: Client, actual: string) {
    return secrets.matches(this.clientId, actual);
  };
  registerTokenExchange(provider, { signing: keys.signing, resources });
  hideSecretPlaceholder(provider, secretPlaceholder);
  reportServerErrors(provider, report);
  await checkSeededClients(provider, options.clients);

  artifacts.pruneExpired();
  const pruning = setInterval(() => artifacts.pruneExpired(), pruneEveryMilliseconds).unref();
  const { scopes: resourceScopes } = resources;
  const interact = createInteractionHandler({ provider, accounts, resourceScopes, reportFault });
  return {
    listener: createListener({ provider, secrets, secretPlaceholder, interact, reportFault }),
    ...manageSecrets(provider, secrets),
    async close() {
      clearInterval(pruning);
    },
  };
}

/** The clients as the provider keeps them: their secrets are known by hash, in the database alone. */
function seedClients(
  clients: ClientRegistration[],
  secrets: ClientSecrets,
  placeholder: string,
): ClientRegistration[] {
  return clients.map((client) => {
    // Without the code flow there is nothing to redirect to; RFC 7591 would still assume a code response.
    const isRedirected = client.grant_types?.includes("authorization_code") ?? true;
    const metadata = isRedirected ? client : { response_types: [], redirect_uris: [], ...client };
    if (client.client_secret === undefined) return metadata;
    secrets.seed(client.client_id, client.client_secret);
    return { ...metadata, client_secret: placeholder };
  });
}

async function checkSeededClients(provider: Provider, clients: ClientRegistration[]): Promise<void> {
  for (const { client_id } of clients) {
    try {
      await provider.Client.find(client_id);
    } catch (cause) {
      if (!(cause instanceof errors.InvalidClientMetadata)) throw cause;
      const fact = cause.error_description ?? cause.message;
      throw new AuthorizationServerError("options.invalid", `clients: "${client_id}": ${fact}`, { cause });
    }
  }
}

function manageSecrets(
  provider: Provider,
  secrets: ClientSecrets,
): Pick<AuthorizationServer, "addClientSecret" | "listClientSecrets" | "retireClientSecret"> {
  const findClient = async (clientId: string): Promise<Client> => {
    const client = await provider.Client.find(clientId);
    if (client) return client;
    throw new AuthorizationServerError(
      "client.not_found",
      `clientId is "${clientId}", expected a registered client`,
    );
  };
  return {
    async addClientSecret(clientId) {
      const { clientSecret } = await findClient(clientId);
      if (clientSecret !== undefined) return secrets.add(clientId);
      throw new AuthorizationServerError(
        "client.has_no_secret",
        `client "${clientId}" does not authenticate with a secret, expected one that does`,
      );
    },
    async listClientSecrets(clientId) {
      await findClient(clientId);
      return secrets.list(clientId);
    },
    async retireClientSecret(clientId, secretId, endsAt = new Date()) {
      await findClient(clientId);
      secrets.retire(clientId, secretId, endsAt);
    },
  };
}
