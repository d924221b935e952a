import { PutSecretValueCommand, SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { clientOf } from "@countersign/local/runtime/provision";
import { type Embedded, type EmbeddedOptions, freePorts, startEmbedded } from "./embedded.ts";
import { Observer } from "./observer.ts";
import { freePort, ProviderProxy, type Trouble } from "./provider-proxy.ts";

/** A runtime whose provider is reached through a proxy. */
export interface Troubled {
  readonly proxy: ProviderProxy;
  readonly embedded: Embedded;
  readonly observer: Observer;
  /** For payouts of payments-app. */
  readonly token: string;
  /** Puts another secret of Countersign's own client into Secrets Manager. */
  putClientSecret(secret: string): Promise<void>;
  close(): Promise<void>;
}

export interface TroubledOptions extends Pick<EmbeddedOptions, "change"> {
  /** What becomes of the provider's metadata on its way, from the first time on. */
  readonly metadata?: Trouble;
}

export async function startTroubled({ metadata, ...options }: TroubledOptions = {}): Promise<Troubled> {
  const [ports, target] = [await freePorts(), await freePort()];
  const proxy = await ProviderProxy.start(ports.issuer, target);
  if (metadata) proxy.always("metadata", metadata);
  const embedded = await startEmbedded({ ...options, ports, issuerListensOn: target });
  const observer = new Observer(embedded.runtime.urls);
  const secretsManager = new SecretsManagerClient(clientOf(embedded.runtime.urls.aws));
  return {
    proxy,
    embedded,
    observer,
    token: await embedded.caller.token("payments-app", "payout:start"),
    async putClientSecret(SecretString) {
      const SecretId = "countersign/oauth-client";
      await secretsManager.send(new PutSecretValueCommand({ SecretId, SecretString }));
    },
    async close() {
      secretsManager.destroy();
      observer.close();
      await embedded.close();
      await proxy.close();
    },
  };
}
