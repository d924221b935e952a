import { createSecretKey, randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { type Config, parseConfig } from "@countersign/core/config/config";
import type { TokenVerifier } from "@countersign/core/token/verified-token";
import { createIdentityProviders } from "@countersign/idp/oauth/identity-provider";
import { createAccessTokenVerifier } from "@countersign/idp/verify/access-token-verifier";
import { type CryptoKey, exportJWK, generateKeyPair, type JWK, jwtVerify, SignJWT } from "jose";
import type { Section } from "./report.ts";
import { median, timed } from "./statistics.ts";

const algorithms = ["ES256", "RS256"] as const;
const audience = "https://countersign.example/api";
const tokensPerBlock = 200;
const blocks = 40;
const warmUpBlocks = 10;

interface Signer {
  readonly alg: (typeof algorithms)[number];
  readonly publicKey: CryptoKey;
  readonly privateKey: CryptoKey;
}

interface Samples {
  readonly alg: string;
  readonly ours: number[];
  readonly bare: number[];
}

/** What the verifier costs beside the signature check of the library it is built on. */
export async function benchVerification(): Promise<Section> {
  const signers = await Promise.all(algorithms.map(makeSigner));
  const { server, issuer } = await servePublicKeys(signers);
  try {
    const verifier = verifierOf(issuer);
    const samples: Samples[] = [];
    for (const signer of signers) samples.push(await compare(signer, issuer, verifier));
    return section(samples);
  } finally {
    server.close();
    server.closeAllConnections();
  }
}

async function compare(signer: Signer, issuer: string, verifier: TokenVerifier): Promise<Samples> {
  const tokens = await Promise.all(Array.from({ length: tokensPerBlock }, () => issue(signer, issuer)));
  const options = { issuer, audience, typ: "at+jwt", algorithms: [signer.alg], clockTolerance: 60 };
  const ours = (token: string) => verifier.verify(token);
  const bare = (token: string) => jwtVerify(token, signer.publicKey, options);
  const samples: Samples = { alg: signer.alg, ours: [], bare: [] };
  for (let block = -warmUpBlocks; block < blocks; block += 1) {
    const pairs = [
      { into: samples.ours, verify: ours },
      { into: samples.bare, verify: bare },
    ];
    if (block % 2 !== 0) pairs.reverse();
    for (const { into, verify } of pairs) {
      const ms = await timed(async () => {
        for (const token of tokens) await verify(token);
      });
      if (block >= 0) into.push((ms * 1000) / tokens.length);
    }
  }
  return samples;
}

async function makeSigner(alg: Signer["alg"]): Promise<Signer> {
  return { alg, ...(await generateKeyPair(alg, { extractable: true })) };
}

/** An access token with what RFC 9068 asks for and a few claims more. */
function issue({ alg, privateKey }: Signer, issuer: string): Promise<string> {
  const claims = { client_id: "payments-app", scope: "payout:start payout:read", tenant: "acme" };
  return new SignJWT(claims)
    .setProtectedHeader({ alg, typ: "at+jwt", kid: alg })
    .setIssuer(issuer)
    .setSubject("f3b0c442-98fc-4c14-9afb-f4c8996fb924")
    .setAudience(audience)
    .setJti(crypto.randomUUID())
    .setIssuedAt()
    .setExpirationTime("1h")
    .sign(privateKey);
}

/** The metadata and the key set of an issuer: where the verifier finds its keys, once. */
async function servePublicKeys(signers: readonly Signer[]): Promise<{ server: Server; issuer: string }> {
  const keys: JWK[] = [];
  for (const { alg, publicKey } of signers) {
    keys.push({ ...(await exportJWK(publicKey)), alg, kid: alg, use: "sig" });
  }
  const server = createServer((request, response) => {
    const { port } = server.address() as AddressInfo;
    const issuer = `http://127.0.0.1:${port}`;
    const isKeys = request.url === "/jwks";
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify(isKeys ? { keys } : { issuer, jwks_uri: `${issuer}/jwks` }));
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return { server, issuer: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

function verifierOf(issuer: string): TokenVerifier {
  const { issuers } = configFor(issuer);
  const clock = { now: () => Date.now() };
  const providers = createIdentityProviders({ issuers, clock, clientSecret: async () => "not asked for" });
  const fingerprintKey = { keyId: "bench", key: createSecretKey(randomBytes(32)) };
  return createAccessTokenVerifier({ issuers, clock, fingerprintKey, providers });
}

function configFor(issuer: string): Config {
  const client = { id: "countersign", secret: "countersign/oauth-client" };
  const grantAudience = "https://countersign.example/steps";
  const claims = { record: ["tenant"] };
  return parseConfig({
    issuers: [{ issuer, audience, grantAudience, profile: "rfc9068", client, claims }],
    workflows: {},
  });
}

function section(samples: readonly Samples[]): Section {
  return {
    name: "verification",
    title: "Verification",
    method: `The gate's verifier (the look before any cryptography, the signature by jose, the claims, the token's fingerprint) and jose's \`jwtVerify\` alone verify the same ${tokensPerBlock} access tokens in turn, ${blocks} times after ${warmUpBlocks} warm-ups. \`jwtVerify\` is given the key itself, and checks issuer, audience, type, algorithm and times; the verifier finds the key by its id in the issuer's fetched key set. One token at a time; the ratio is the median of the ratios of the turns.`,
    verdicts: [],
    tables: [
      {
        head: ["algorithm", "verifier, µs", "bare jose, µs", "ratio"],
        rows: samples.map(({ alg, ours, bare }) => [
          alg,
          median(ours).toFixed(0),
          median(bare).toFixed(0),
          median(ours.map((us, block) => us / (bare[block] ?? Number.NaN))).toFixed(2),
        ]),
      },
    ],
    notes: [],
  };
}
