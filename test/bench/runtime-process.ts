import { startEmbedded } from "../support/embedded.ts";
import { benchConfig, client, scope } from "./bench-config.ts";

/** What the process of the embedded runtime tells whoever measures it. */
export interface Ready {
  readonly urls: Awaited<ReturnType<typeof startEmbedded>>["runtime"]["urls"];
  readonly queueUrls: Awaited<ReturnType<typeof startEmbedded>>["runtime"]["queueUrls"];
  readonly configFile: string;
  readonly token: string;
}

const embedded = await startEmbedded({ change: benchConfig });
const { runtime, caller } = embedded;
const ready: Ready = {
  urls: runtime.urls,
  queueUrls: runtime.queueUrls,
  configFile: runtime.state.file("config.json"),
  token: await caller.token(client, scope),
};
process.on("message", () => void runtime.idle().then(() => process.send?.("idle")));
process.once("disconnect", () => void embedded.close().then(() => process.exit(0)));
process.send?.(ready);
