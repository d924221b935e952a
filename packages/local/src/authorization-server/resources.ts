import { errors, type ResourceServer } from "oidc-provider";
import type { ProtectedResource } from "./options.ts";

const defaultTtlSeconds = 3600;

export type Resources = ReturnType<typeof indexResources>;

/** The resource servers tokens can be asked for, by audience (RFC 8707). */
export function indexResources(resources: ProtectedResource[], defaultResource: string) {
  const byAudience = new Map(resources.map((resource) => [resource.audience, toResourceServer(resource)]));
  return {
    defaultResource,
    scopes: [...new Set(resources.flatMap(({ scopes }) => scopes))],
    has: (audience: string): boolean => byAudience.has(audience),
    /** @throws {errors.InvalidTarget} for an audience that is none of them. */
    get(audience: string): ResourceServer {
      const resource = byAudience.get(audience);
      if (!resource)
        throw new errors.InvalidTarget("resource indicator is not one of this server's resources");
      return resource;
    },
  };
}

function toResourceServer({
  audience,
  scopes,
  accessTokenFormat,
  ...rest
}: ProtectedResource): ResourceServer {
  return {
    audience,
    scope: scopes.join(" "),
    accessTokenFormat,
    accessTokenTTL: rest.accessTokenTtlSeconds ?? defaultTtlSeconds,
    jwt: { sign: { alg: "ES256" } },
  };
}
