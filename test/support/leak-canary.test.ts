import { randomBytes } from "node:crypto";
import { deflateRawSync, gzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { LeakCanary } from "./leak-canary.ts";

const secret = `canary/${randomBytes(24).toString("base64")}"é`;
const segment = (size: number) => randomBytes(size).toString("base64url");
const jwt = `eyJhbGciOiJFUzI1NiJ9.${segment(120)}.${segment(64)}`;

function hits(content: string | Uint8Array, value: string | Uint8Array = secret) {
  const canary = new LeakCanary();
  canary.register("it", value);
  return canary.search([{ name: "sink", bytes: Buffer.from(content) }]);
}

const forms: readonly (readonly [form: string, written: (secret: string) => string | Uint8Array])[] = [
  ["plain", (value) => `before ${value} after`],
  ["JSON", (value) => JSON.stringify({ value })],
  [
    "JSON in JSON",
    (value) => JSON.stringify({ inner: JSON.stringify([Buffer.from(value).toString("hex")]) }),
  ],
  ["base64", (value) => Buffer.from(value).toString("base64")],
  ["a Basic header", (value) => Buffer.from(`client:${value}`).toString("base64")],
  ["a longer Basic header", (value) => Buffer.from(`a-client:${value}:more`).toString("base64")],
  ["base64url", (value) => Buffer.from(`x${value}`).toString("base64url")],
  ["hex", (value) => Buffer.from(value).toString("hex")],
  ["upper-case hex", (value) => Buffer.from(value).toString("hex").toUpperCase()],
  ["a query string", (value) => `https://host/path?q=${encodeURIComponent(value)}&r=1`],
  ["UTF-16", (value) => Buffer.from(value, "utf16le")],
  ["gzip", (value) => gzipSync(`before ${value} after`)],
  ["gzip among other bytes", (value) => Buffer.concat([randomBytes(99), gzipSync(value), randomBytes(9)])],
  ["reversed", (value) => Buffer.from(value).toReversed()],
];

describe("the canary", () => {
  it.each(forms)("finds a secret in %s", (_form, written) => {
    expect(hits(written(secret)).map(({ secret, sink }) => [secret, sink])).toContainEqual(["it", "sink"]);
  });

  it.each([
    ["payload", jwt.split(".")[1] ?? ""],
    ["signature", jwt.split(".")[2] ?? ""],
  ])("finds the %s of a JWT alone", (_part, part) => {
    expect(hits(`before ${part} after`, jwt)).not.toEqual([]);
    expect(hits(Buffer.from(`xy${part}`).toString("base64"), jwt)).not.toEqual([]);
  });

  it("finds raw bytes", () => {
    const key = randomBytes(32);
    expect(hits(Buffer.concat([randomBytes(7), key, randomBytes(7)]), key)).not.toEqual([]);
  });

  it("finds a secret wherever it stands", () => {
    const bytes = fc.uint8Array({ maxLength: 64 });
    fc.assert(
      fc.property(bytes, bytes, (before, after) => {
        expect(hits(Buffer.concat([before, Buffer.from(secret), after]))).not.toEqual([]);
        const encoded = Buffer.concat([before, Buffer.from(secret), after]).toString("base64");
        expect(hits(encoded)).not.toEqual([]);
      }),
      { numRuns: 30 },
    );
  });

  it("finds nothing where nothing is", () => {
    expect(hits(randomBytes(1 << 20))).toEqual([]);
    expect(hits(`${secret.slice(0, -1)} ${secret.slice(1)}`.replaceAll(secret, ""))).toEqual([]);
    expect(hits("eyJhbGciOiJFUzI1NiJ9", jwt)).toEqual([]);
    expect(hits(deflateRawSync("unrelated"))).toEqual([]);
  });

  it("names the secret, never repeats it", () => {
    expect(JSON.stringify(hits(secret))).not.toContain(secret.slice(0, 16));
  });
});
