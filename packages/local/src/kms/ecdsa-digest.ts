import { createECDH, type KeyObject, randomBytes } from "node:crypto";

// node:crypto signs messages, never digests, with an elliptic curve key: what MessageType DIGEST asks for is
// done here, over P-256 (FIPS 186-5, section 6.4; SEC 2, section 2.4.2).
const p = 0xffffffff00000001000000000000000000000000ffffffffffffffffffffffffn;
const n = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
const a = p - 3n;
const generator: Point = {
  x: 0x6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296n,
  y: 0x4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5n,
};

interface Point {
  readonly x: bigint;
  readonly y: bigint;
}

/** Signs a SHA-256 digest with a P-256 private key; answers a DER signature. */
export function signDigest(privateKey: KeyObject, digest: Uint8Array): Buffer {
  const d = fromBase64Url(privateKey.export({ format: "jwk" }).d);
  const z = toInteger(digest);
  for (;;) {
    const k = toInteger(randomBytes(32));
    if (k === 0n || k >= n) continue;
    const r = publicX(k) % n;
    const s = mod(inverse(k, n) * (z + r * d), n);
    if (r !== 0n && s !== 0n) return encodeSignature(r, s);
  }
}

/** Verifies a DER signature of a SHA-256 digest; false for anything malformed. */
export function verifyDigest(publicKey: KeyObject, digest: Uint8Array, signature: Uint8Array): boolean {
  const parts = decodeSignature(signature);
  if (!parts) return false;
  const { r, s } = parts;
  if (r <= 0n || r >= n || s <= 0n || s >= n) return false;
  const jwk = publicKey.export({ format: "jwk" });
  const q = { x: fromBase64Url(jwk.x), y: fromBase64Url(jwk.y) };
  const w = inverse(s, n);
  const point = add(multiply(generator, mod(toInteger(digest) * w, n)), multiply(q, mod(r * w, n)));
  return point !== undefined && point.x % n === r;
}

/** The x coordinate of k times the generator, by OpenSSL: k must not leak through timing. */
function publicX(k: bigint): bigint {
  const curve = createECDH("prime256v1");
  curve.setPrivateKey(Buffer.from(k.toString(16).padStart(64, "0"), "hex"));
  return toInteger(curve.getPublicKey().subarray(1, 33));
}

/** Point multiplication on public values only; `undefined` is the point at infinity. */
function multiply(point: Point, scalar: bigint): Point | undefined {
  let sum: Point | undefined;
  let power: Point | undefined = point;
  for (let rest = scalar; rest > 0n; rest >>= 1n) {
    if (rest & 1n) sum = add(sum, power);
    power = add(power, power);
  }
  return sum;
}

function add(left: Point | undefined, right: Point | undefined): Point | undefined {
  if (!left || !right) return left ?? right;
  if (left.x === right.x && mod(left.y + right.y, p) === 0n) return undefined;
  const slope =
    left.x === right.x
      ? (3n * left.x * left.x + a) * inverse(2n * left.y, p)
      : (right.y - left.y) * inverse(right.x - left.x, p);
  const x = mod(slope * slope - left.x - right.x, p);
  return { x, y: mod(slope * (left.x - x) - left.y, p) };
}

function inverse(value: bigint, modulus: bigint): bigint {
  let [low, high] = [mod(value, modulus), modulus];
  let [coefficient, previous] = [1n, 0n];
  while (low > 0n) {
    const quotient = high / low;
    [low, high] = [high % low, low];
    [coefficient, previous] = [previous - quotient * coefficient, coefficient];
  }
  return mod(previous, modulus);
}

function mod(value: bigint, modulus: bigint): bigint {
  const rest = value % modulus;
  return rest < 0n ? rest + modulus : rest;
}

function toInteger(bytes: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(bytes).toString("hex")}`);
}

function fromBase64Url(text: string | undefined): bigint {
  if (text === undefined) throw new Error("key has no P-256 coordinates");
  return toInteger(Buffer.from(text, "base64url"));
}

/** Ecdsa-Sig-Value of RFC 3279, section 2.2.3. */
function encodeSignature(r: bigint, s: bigint): Buffer {
  const body = Buffer.concat([encodeInteger(r), encodeInteger(s)]);
  return Buffer.concat([Buffer.of(0x30, body.length), body]);
}

function encodeInteger(value: bigint): Buffer {
  const hex = value.toString(16);
  const bytes = Buffer.from(hex.padStart(hex.length + (hex.length % 2), "0"), "hex");
  const positive = (bytes[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.of(0), bytes]) : bytes;
  return Buffer.concat([Buffer.of(0x02, positive.length), positive]);
}

function decodeSignature(der: Uint8Array): { r: bigint; s: bigint } | undefined {
  // Both numbers fit 33 bytes, so every length fits one byte.
  const match = /^30(..)02(..)((?:..)*)$/.exec(Buffer.from(der).toString("hex"));
  if (!match || Number.parseInt(match[1] ?? "", 16) !== der.length - 2) return undefined;
  const rest = match[3] ?? "";
  const split = Number.parseInt(match[2] ?? "", 16) * 2;
  const second = /^02(..)((?:..)*)$/.exec(rest.slice(split));
  const [r, s] = [rest.slice(0, split), second?.[2] ?? ""];
  if (!second || r === "" || s === "" || Number.parseInt(second[1] ?? "", 16) * 2 !== s.length)
    return undefined;
  const parts = { r: BigInt(`0x${r}`), s: BigInt(`0x${s}`) };
  // One signature has one encoding: what encodes otherwise is refused.
  return encodeSignature(parts.r, parts.s).equals(der) ? parts : undefined;
}
