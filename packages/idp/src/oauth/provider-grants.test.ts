import { checkGrantToken } from "@countersign/core/gate/check-grant-token";
import type { ProfileName } from "@countersign/core/token/profiles";
import { afterEach, beforeEach, expect, test } from "vitest";
import { rejectionOf } from "../../test-support/error-text.ts";
import {
  clientId,
  clientSecret,
  gateAudience,
  grantAudience,
  issuerConfig,
} from "../../test-support/issuer-config.ts";
import {
  discoveryPath,
  metadataOf,
  type ScriptedProvider,
  startScriptedProvider,
} from "../../test-support/scripted-provider.ts";
import { forge, generateKey, randomToken } from "../../test-support/token-forge.ts";
import { fingerprintKey, keySet } from "../../test-support/verifier.ts";
import { createAccessTokenVerifier } from "../verify/access-token-verifier.ts";
import { createIdentityProviders } from "./identity-provider.ts";

const key = generateKey("RS256");
const scopes = ["read", "write"];
let provider: ScriptedProvider;
beforeEach(async () => {
  provider = await startScriptedProvider();
  provider.answers.set("/jwks", { json: keySet(key) });
});
afterEach(() => provider.close());

/** How a provider answers an exchange, and what it then says of the token it issued. */
interface Answers {
  readonly inbound: object;
  /** Claims of the issued JWT; without them the token is opaque. */
  readonly issued?: object;
  readonly answer: object;
  /** What introspection says; without it there is none. */
  readonly introspection?: object | undefined;
}

const iat = Math.floor(Date.now() / 1000);
const times = { iat, exp: iat + 600 };
const entraClaims = { ver: "2.0", oid: "object-1", azpacr: "1", ...times };

const answersOf: Readonly<Record<Exclude<ProfileName, "cognito">, Answers>> = {
  rfc9068: {
    inbound: { sub: "ada", client_id: "app", scope: "pay" },
    answer: { scope: "read write" },
    introspection: { sub: "ada", client_id: clientId, scope: "read write", act: { sub: clientId } },
  },
  entra: {
    inbound: { ...entraClaims, sub: "pairwise-gate", azp: "app", scp: "pay" },
    issued: { ...entraClaims, sub: "pairwise-payments", azp: clientId, scp: "read write" },
    answer: { scope: `${grantAudience}/read ${grantAudience}/write` },
  },
  okta: {
    inbound: { sub: "ada@example.com", cid: "app", scp: ["pay"] },
    issued: { sub: "ada@example.com", cid: clientId, scp: scopes },
    answer: { scope: "read write" },
    introspection: { sub: "ada@example.com", client_id: clientId, scope: "read write" },
  },
  auth0: {
    inbound: { sub: "auth0|1", azp: "app", scope: "pay" },
    issued: { sub: "auth0|1", azp: clientId, scope: "read write", act: { sub: clientId } },
    answer: {},
  },
  keycloak: {
    inbound: { sub: "f1b2", azp: "app", typ: "Bearer", scope: "pay" },
    issued: { sub: "f1b2", azp: clientId, typ: "Bearer", scope: "read write" },
    answer: { scope: "read write" },
    introspection: { sub: "f1b2", azp: clientId, client_id: clientId, typ: "Bearer", scope: "read write" },
  },
};

/** Verifies a caller's token, exchanges it, and checks what came, as the gate does. */
async function grant(name: Exclude<ProfileName, "cognito">, changes: Partial<Answers> = {}): Promise<void> {
  const { inbound, issued, answer, introspection } = { ...answersOf[name], ...changes };
  const { introspection_endpoint, ...metadata } = metadataOf(provider.issuer);
  provider.answers.set(discoveryPath, {
    json: { ...metadata, ...(introspection && { introspection_endpoint }) },
  });
  provider.answers.set("/introspect", { json: { active: true, aud: grantAudience, ...introspection } });
  const access_token = issued ? sign(name, { aud: grantAudience, ...issued }) : randomToken();
  provider.answers.set("/token", {
    json: { access_token, token_type: "Bearer", expires_in: 600, ...answer },
  });

  const issuers = [issuerConfig(provider.issuer, { profile: name })];
  const clock = { now: Date.now };
  const providers = createIdentityProviders({ issuers, clock, clientSecret: async () => clientSecret });
  const verifier = createAccessTokenVerifier({ issuers, clock, providers, fingerprintKey });
  const subjectToken = sign(name, { aud: gateAudience, ...inbound });
  const { subject, principal } = await verifier.verify(subjectToken);
  const client = providers.of(subject.iss);
  const token = await client.exchange({ subjectToken, audience: grantAudience, scopes });
  await checkGrantToken(client, token, { subject, principal, audience: grantAudience, scopes });
}

function sign(name: ProfileName, claims: object): string {
  const typ = { entra: "JWT", auth0: "JWT", keycloak: "JWT", rfc9068: "at+jwt" }[String(name)];
  return forge(key, { alg: "RS256", kid: key.kid, typ }, { iss: provider.issuer, ...times, ...claims });
}

const names = Object.keys(answersOf) as (keyof typeof answersOf)[];

test.each(names)("what %s issues for a caller is taken", async (name) => {
  await expect(grant(name)).resolves.toBeUndefined();
});

test.each<[keyof typeof answersOf, string, Partial<Answers>, string]>([
  ["entra", "for another person", { issued: { ...answersOf.entra.issued, oid: "object-2" } }, "sub"],
  ["entra", "to another client", { issued: { ...answersOf.entra.issued, azp: "other" } }, "client_id"],
  [
    "entra",
    "with all that was consented to",
    { issued: { ...answersOf.entra.issued, scp: "read write admin" } },
    "scope",
  ],
  ["auth0", "without who acts", { issued: { ...answersOf.auth0.issued, act: undefined } }, "act"],
  ["auth0", "for the gate", { issued: { ...answersOf.auth0.issued, aud: gateAudience } }, "aud"],
  [
    "okta",
    "to another client",
    { introspection: { ...answersOf.okta.introspection, client_id: "app" } },
    "client_id",
  ],
  [
    "keycloak",
    "for another person",
    { introspection: { ...answersOf.keycloak.introspection, sub: "b2" } },
    "sub",
  ],
  [
    "rfc9068",
    "without who acts",
    { introspection: { ...answersOf.rfc9068.introspection, act: undefined } },
    "act",
  ],
])("what %s issues %s is refused", async (name, _what, changes, field) => {
  expect(await rejectionOf(grant(name, changes))).toMatchObject({ code: "provider.grant_mismatch", field });
});

test("an opaque token of a provider without introspection is refused", async () => {
  const error = await rejectionOf(grant("rfc9068", { introspection: undefined }));
  expect(error).toMatchObject({ code: "provider.token_uncheckable", definition: { status: 502 } });
});
