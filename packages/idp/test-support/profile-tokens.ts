import type { ConfigInput } from "@countersign/core/config/config";
import type { ProfileName } from "@countersign/core/token/profiles";
import { gateAudience } from "./issuer-config.ts";

type Issuer = Partial<ConfigInput["issuers"][number]>;
/** A JWT's header, but for `alg` and `kid`, and its claims. */
export interface ProfileToken {
  readonly header?: object;
  readonly claims: Readonly<Record<string, unknown>>;
}
export interface ProfileExample {
  readonly options: Issuer;
  /** Name of the issuer below the server's own URL. */
  readonly path: string;
  /** As the provider's pages show it, with values of our own. */
  readonly accessToken: (issuer: string, iat: number) => ProfileToken;
  /** An ID token of the same sign-in, for a client that has the gate's audience for its id where that makes it likelier. */
  readonly idToken: (issuer: string, iat: number) => ProfileToken;
  /** What the access token is verified as. */
  readonly verified: object;
}

const client = "5f1d0c1e-3f53-4d0a-9f4e-0c6f1a2b3c4d";
const tenant = "0f3c7a9d-1b2c-4d5e-8f60-718293a4b5c6";
const scopes = ["payout:start", "payout:status"];
const scope = scopes.join(" ");
const person = { name: "Ada Byron", email: "ada@example.com", email_verified: true };
const lived = (iat: number, seconds = 3600) => ({ iat, exp: iat + seconds });

/** Each provider's own access token and ID token. */
export const profileExamples: Readonly<Record<ProfileName, ProfileExample>> = {
  rfc9068: {
    options: { profile: "rfc9068" },
    path: "/as",
    accessToken: (iss, iat) => ({
      header: { typ: "at+jwt" },
      claims: {
        iss,
        aud: gateAudience,
        sub: "5ba552d67",
        client_id: client,
        jti: "dbe39bf3a",
        scope,
        ...lived(iat),
      },
    }),
    idToken: (iss, iat) => ({
      header: { typ: "JWT" },
      claims: { iss, aud: gateAudience, sub: "5ba552d67", azp: gateAudience, ...person, ...lived(iat) },
    }),
    verified: { subject: { sub: "5ba552d67" }, clientId: client, scopes },
  },
  entra: {
    options: { profile: "entra" },
    path: `/${tenant}/v2.0`,
    accessToken: (iss, iat) => ({
      header: { typ: "JWT" },
      claims: {
        aud: gateAudience,
        iss,
        iat,
        nbf: iat,
        exp: iat + 4500,
        aio: "ATQAy/8TAAAAwm",
        azp: client,
        azpacr: "1",
        name: person.name,
        oid: "690222be-ff1a-4d56-abd1-7e4f7d38e474",
        preferred_username: person.email,
        rh: "0.AXwAk5",
        scp: scope,
        sub: "HKZpfaHyWadeOouYlitjrI-KffTm222X5rrV3xDqfKQ",
        tid: tenant,
        uti: "fqiBqXLPj0eQa82S-IYFAA",
        ver: "2.0",
      },
    }),
    idToken: (iss, iat) => ({
      header: { typ: "JWT" },
      claims: {
        ver: "2.0",
        iss,
        sub: "AAAAAAAAAAAAAAAAAAAAAIkzqFVrSaSaFHy782bbtaQ",
        aud: gateAudience,
        exp: iat + 4500,
        iat,
        nbf: iat,
        name: person.name,
        preferred_username: person.email,
        oid: "690222be-ff1a-4d56-abd1-7e4f7d38e474",
        tid: tenant,
        aio: "Df2UVXL1ix",
      },
    }),
    verified: {
      subject: { sub: "HKZpfaHyWadeOouYlitjrI-KffTm222X5rrV3xDqfKQ" },
      principal: "690222be-ff1a-4d56-abd1-7e4f7d38e474",
      clientId: client,
      scopes,
    },
  },
  okta: {
    options: { profile: "okta" },
    path: "/oauth2/aus9o8wpskPhRNfJu0h7",
    accessToken: (iss, iat) => ({
      claims: {
        ver: 1,
        jti: "AT.0mP4JKAZX1iACIT4vbEDF7LpvDVjxypPMf0D7uX39RE",
        iss,
        aud: gateAudience,
        ...lived(iat),
        cid: "0oa1nyfbp0p3Vc1Nu0h8",
        uid: "00u5t60iloOHN9pBi0h7",
        scp: scopes,
        auth_time: iat - 20,
        sub: person.email,
      },
    }),
    idToken: (iss, iat) => ({
      claims: {
        sub: "00u5t60iloOHN9pBi0h7",
        ver: 1,
        iss,
        aud: gateAudience,
        ...lived(iat),
        jti: "ID.DAPNkMuUcC6BFlqTe1pU6zK2l6Fx",
        amr: ["pwd"],
        idp: "00o1n8sbwArJ7OQRw406",
        auth_time: iat - 20,
        ...person,
      },
    }),
    verified: { subject: { sub: person.email }, clientId: "0oa1nyfbp0p3Vc1Nu0h8", scopes },
  },
  auth0: {
    options: { profile: "auth0" },
    path: "/",
    accessToken: (iss, iat) => ({
      header: { typ: "JWT" },
      claims: {
        iss,
        sub: "auth0|6553da60a54af58e29493993",
        aud: [gateAudience, `${iss}userinfo`],
        azp: "my_client_id",
        ...lived(iat, 86_400),
        scope: `openid profile ${scope}`,
      },
    }),
    idToken: (iss, iat) => ({
      header: { typ: "JWT" },
      claims: {
        nickname: "ada",
        ...person,
        picture: "https://cdn.example/ada.png",
        updated_at: "2026-01-14T09:00:00.000Z",
        iss,
        aud: gateAudience,
        sub: "auth0|6553da60a54af58e29493993",
        sid: "C8mL7hSJ1",
        ...lived(iat, 36_000),
      },
    }),
    verified: {
      subject: { sub: "auth0|6553da60a54af58e29493993" },
      clientId: "my_client_id",
      scopes: ["openid", "profile", ...scopes],
    },
  },
  cognito: {
    options: { profile: "cognito", audience: undefined, clients: ["client-one", "client-two"] },
    path: "/eu-west-1_EXAMPLE",
    accessToken: (iss, iat) => ({
      claims: {
        sub: "aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee",
        device_key: "eu-west-1_aaaaaaaa",
        "cognito:groups": ["payers"],
        iss,
        version: 2,
        client_id: "client-two",
        origin_jti: "aaaaaaaa-1111-4ccc-8ddd-eeeeeeeeeeee",
        event_id: "bbbbbbbb-1111-4ccc-8ddd-eeeeeeeeeeee",
        token_use: "access",
        scope,
        auth_time: iat,
        ...lived(iat),
        jti: "cccccccc-1111-4ccc-8ddd-eeeeeeeeeeee",
        username: "ada",
      },
    }),
    idToken: (iss, iat) => ({
      claims: {
        sub: "aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee",
        "cognito:groups": ["payers"],
        ...person,
        iss,
        "cognito:username": "ada",
        aud: "client-two",
        origin_jti: "aaaaaaaa-1111-4ccc-8ddd-eeeeeeeeeeee",
        event_id: "bbbbbbbb-1111-4ccc-8ddd-eeeeeeeeeeee",
        token_use: "id",
        auth_time: iat,
        ...lived(iat),
        jti: "dddddddd-1111-4ccc-8ddd-eeeeeeeeeeee",
      },
    }),
    verified: {
      subject: { sub: "aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee" },
      clientId: "client-two",
      scopes,
    },
  },
  keycloak: {
    options: { profile: "keycloak" },
    path: "/realms/payments",
    accessToken: (iss, iat) => ({
      header: { typ: "JWT" },
      claims: {
        ...lived(iat, 300),
        auth_time: iat - 5,
        jti: "trrtcc:312ee6b1-4d5e-4f60-8172-93a4b5c6d7e8",
        iss,
        aud: [gateAudience, "account"],
        sub: "f1b2c3d4-0000-4000-8000-93a4b5c6d7e8",
        typ: "Bearer",
        azp: "payments-app",
        sid: "e8b4f1b2-0000-4000-8000-93a4b5c6d7e8",
        acr: "1",
        realm_access: { roles: ["offline_access", "default-roles-payments"] },
        resource_access: { account: { roles: ["view-profile"] } },
        scope,
        ...person,
      },
    }),
    idToken: (iss, iat) => ({
      header: { typ: "JWT" },
      claims: {
        ...lived(iat, 300),
        auth_time: iat - 5,
        jti: "312ee6b1-4d5e-4f60-8172-93a4b5c6d7e8",
        iss,
        aud: gateAudience,
        sub: "f1b2c3d4-0000-4000-8000-93a4b5c6d7e8",
        typ: "ID",
        azp: gateAudience,
        sid: "e8b4f1b2-0000-4000-8000-93a4b5c6d7e8",
        acr: "1",
        ...person,
      },
    }),
    verified: {
      subject: { sub: "f1b2c3d4-0000-4000-8000-93a4b5c6d7e8" },
      clientId: "payments-app",
      scopes,
    },
  },
};
