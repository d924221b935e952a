import {
  constants,
  createHmac,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  randomUUID,
  sign,
} from "node:crypto";

export type Segment = string | Buffer | object;

/** base64url of text or bytes as they are, or of an object as JSON. */
export function encode(segment: Segment): string {
  if (typeof segment === "string" || Buffer.isBuffer(segment))
    return Buffer.from(segment).toString("base64url");
  return Buffer.from(JSON.stringify(segment)).toString("base64url");
}

/** A signing key made for one run. */
export interface ForgeKey {
  readonly alg: "ES256" | "ES384" | "RS256" | "EdDSA" | "PS256";
  readonly kid: string;
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
  sign(input: string): Buffer;
}

export function generateKey(alg: ForgeKey["alg"], kid: string = randomUUID()): ForgeKey {
  const { publicKey, privateKey } = keyPair(alg);
  const digest = { EdDSA: null, ES384: "sha384", ES256: "sha256", RS256: "sha256", PS256: "sha256" }[alg];
  const options = {
    ES256: { key: privateKey, dsaEncoding: "ieee-p1363" as const },
    ES384: { key: privateKey, dsaEncoding: "ieee-p1363" as const },
    RS256: { key: privateKey },
    EdDSA: { key: privateKey },
    PS256: { key: privateKey, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 },
  }[alg];
  return { alg, kid, publicKey, privateKey, sign: (input) => sign(digest, Buffer.from(input), options) };
}

function keyPair(alg: ForgeKey["alg"]) {
  if (alg === "ES256") return generateKeyPairSync("ec", { namedCurve: "P-256" });
  if (alg === "ES384") return generateKeyPairSync("ec", { namedCurve: "P-384" });
  if (alg === "EdDSA") return generateKeyPairSync("ed25519");
  return generateKeyPairSync("rsa", { modulusLength: 2048 });
}

/** The public half as an issuer publishes it. */
export function publicJwk({ publicKey, alg, kid }: ForgeKey): Record<string, unknown> {
  return { ...publicKey.export({ format: "jwk" }), alg, kid, use: "sig" };
}

/** A signed compact JWS over any header and payload, sound or not. */
export function forge(key: ForgeKey, header: Segment, payload: Segment): string {
  const input = `${encode(header)}.${encode(payload)}`;
  return `${input}.${key.sign(input).toString("base64url")}`;
}

/** The same under an HMAC, as for an attack with the public key for a secret. */
export function forgeHmac(secret: string, header: Segment, payload: Segment): string {
  const input = `${encode(header)}.${encode(payload)}`;
  return `${input}.${createHmac("sha256", secret).update(input).digest("base64url")}`;
}

/** Text of no meaning in the alphabet of bearer tokens. */
export function randomToken(bytes = 32): string {
  return randomBytes(bytes).toString("base64url");
}
