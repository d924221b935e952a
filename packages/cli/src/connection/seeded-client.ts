import { usageError } from "../output/failure.ts";
import type { EmbeddedRuntime, SeededClient } from "./runtime-file.ts";

/** Which scopes a command's token needs: named ones, or whatever the client has. */
export type NeededScopes = readonly string[] | "all";

/**
 * The seeded client to act as: the one that is named, else the first that has the scopes.
 *
 * @throws {CommandError} when there is none.
 */
export function chooseClient(
  { clients, file }: EmbeddedRuntime,
  needed: NeededScopes,
  id?: string,
): SeededClient {
  const known = `known are ${clients.map((client) => client.id).join(", ") || "none"}`;
  if (id !== undefined) {
    const named = clients.find((client) => client.id === id);
    if (named) return named;
    throw usageError(`the embedded runtime has no client ${id}`, `${known} (${file})`);
  }
  const able = clients.find(
    (client) => needed === "all" || needed.every((one) => client.scopes.includes(one)),
  );
  if (able) return able;
  const scopes = needed === "all" ? "at all" : `with the scope ${needed.join(" ")}`;
  throw usageError(
    `the embedded runtime has no client ${scopes}`,
    `give a token yourself; ${known} (${file})`,
  );
}

/** The scopes to ask for as a client. */
export function scopesFor(client: SeededClient, needed: NeededScopes): readonly string[] {
  return needed === "all" ? client.scopes : needed;
}
