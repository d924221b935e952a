import { generateKeyPairSync, sign, verify } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { RefusedError } from "../error/errors.ts";
import { preflightToken } from "./preflight.ts";
import { tokenProfiles } from "./profiles.ts";

const options = () => ({ algorithms: ["ES256", "RS256"], profile: tokenProfiles.rfc9068 });
const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
const goodHeader = { alg: "ES256", typ: "at+jwt", kid: "key-1" };
const goodPayload = { iss: "https://as.example", sub: "alice", exp: 1_800_000_000 };
const fakeSignature = Buffer.alloc(64, 7).toString("base64url");

const encode = (value: string | object) =>
  Buffer.from(typeof value === "string" ? value : JSON.stringify(value)).toString("base64url");
const jwt = (header: string | object = goodHeader, payload: string | object = goodPayload) =>
  `${encode(header)}.${encode(payload)}.${fakeSignature}`;

function refusal(raw: string): RefusedError | undefined {
  try {
    preflightToken(raw, options);
    return undefined;
  } catch (error) {
    if (error instanceof RefusedError) return error;
    throw error;
  }
}

describe("preflightToken", () => {
  it("gives header, payload and signing input of a JWT", () => {
    const raw = jwt();
    expect(preflightToken(raw, options)).toEqual({
      kind: "jwt",
      alg: "ES256",
      kid: "key-1",
      unverifiedPayload: goodPayload,
      signingInput: raw.slice(0, raw.lastIndexOf(".")),
    });
  });

  it.each([
    ["random text", "tGzv3JOkF0XG5Qx2TlKWIA"],
    ["text with dots", "ory_at_abc.def.ghi"],
    ["every character of the alphabet", "aZ09-._~+/=="],
    ["one segment that decodes to a JSON object", encode(goodHeader)],
    ["a first segment that decodes to a list", `${encode("[1]")}.e30.AAAA`],
    ["a first segment that decodes to half an object", `${encode('{"alg"')}.e30.AAAA`],
  ])("takes %s for opaque", (_, raw) => {
    expect(preflightToken(raw, options)).toEqual({ kind: "opaque" });
  });

  it("takes application/at+jwt in any case", () => {
    expect(refusal(jwt({ ...goodHeader, typ: "Application/AT+JWT" }))).toBeUndefined();
  });

  it.each([
    ["one byte over the limit", "a".repeat(8193), "token.too_large"],
    ["over the limit in bytes, not characters", "é".repeat(4097), "token.too_large"],
    ["nothing", "", "token.malformed"],
    ["a newline at the end", `${jwt()}\n`, "token.malformed"],
    ["a space before it", ` ${jwt()}`, "token.malformed"],
    ["a letter outside ASCII", "tökén", "token.malformed"],
    ["a null byte", "abc\0def", "token.malformed"],
    ["two tokens", `${jwt()},${jwt()}`, "token.malformed"],
    ["padding in the middle", "abc=def", "token.malformed"],
    ["two segments", `${encode(goodHeader)}.${encode(goodPayload)}`, "token.malformed"],
    ["four segments", `${jwt()}.AAAA`, "token.malformed"],
    ["a JWE", `${encode({ alg: "dir", enc: "A256GCM" })}..AAAA.AAAA.AAAA`, "token.malformed"],
    ["a padded signature", `${jwt()}==`, "token.malformed"],
    ["a signature with stray bits", `${jwt().slice(0, -1)}x`, "token.malformed"],
    ["no signature", jwt().replace(/[^.]*$/, ""), "token.malformed"],
    ["standard base64 in the signature", `${jwt().slice(0, -4)}+/AA`, "token.malformed"],
    ["an empty payload", `${encode(goodHeader)}..${fakeSignature}`, "token.malformed"],
    ["a payload that is a list", jwt(goodHeader, "[]"), "token.malformed"],
    ["a payload that is text", jwt(goodHeader, "hello"), "token.malformed"],
    ["a repeated claim", jwt(goodHeader, '{"sub":"alice","sub":"root"}'), "token.malformed"],
    ["__proto__ in the payload", jwt(goodHeader, '{"__proto__":{"sub":"root"}}'), "token.malformed"],
    [
      "a payload nested nine deep",
      jwt(goodHeader, `{"a":${"[".repeat(8)}${"]".repeat(8)}}`),
      "token.malformed",
    ],
    ["a repeated header member", jwt('{"alg":"none","alg":"ES256"}'), "token.malformed"],
    ["a padded header", jwt().replace(".", "=."), "token.malformed"],
    ["a header with spaces inside", jwt('{ "alg": "ES256" }'), "token.header_refused"],
    ["alg none", `${encode({ ...goodHeader, alg: "none" })}.e30.`, "token.header_refused"],
    ["alg NONE", jwt({ ...goodHeader, alg: "NONE" }), "token.header_refused"],
    ["alg HS256", jwt({ ...goodHeader, alg: "HS256" }), "token.header_refused"],
    ["an algorithm not listed", jwt({ ...goodHeader, alg: "ES512" }), "token.header_refused"],
    ["alg that is a list", jwt({ ...goodHeader, alg: ["ES256"] }), "token.header_refused"],
    ["no alg", jwt({ typ: "at+jwt", kid: "key-1" }), "token.header_refused"],
    ["no kid", jwt({ alg: "ES256", typ: "at+jwt" }), "token.header_refused"],
    ["a kid that is a path", jwt({ ...goodHeader, kid: "../../etc/passwd" }), "token.header_refused"],
    ["a kid with a quote", jwt({ ...goodHeader, kid: "' or 1=1 --" }), "token.header_refused"],
    ["a kid that is too long", jwt({ ...goodHeader, kid: "k".repeat(129) }), "token.header_refused"],
    ["no typ", jwt({ alg: "ES256", kid: "key-1" }), "token.type_mismatch"],
    ["typ JWT", jwt({ ...goodHeader, typ: "JWT" }), "token.type_mismatch"],
    ["typ logout+jwt", jwt({ ...goodHeader, typ: "logout+jwt" }), "token.type_mismatch"],
  ])("refuses %s", (_, raw, code) => {
    expect(refusal(raw)?.code).toBe(code);
  });

  it.each([
    "jwk",
    "jku",
    "x5u",
    "x5c",
    "x5t",
    "x5t#S256",
    "crit",
    "b64",
    "zip",
    "enc",
    "cty",
  ])("refuses %s in the header and names it", (name) => {
    const refused = refusal(jwt({ ...goodHeader, [name]: "anything" }));
    expect(refused?.code).toBe("token.header_refused");
    expect(refused?.message).toContain(`"${name}"`);
  });

  it("refuses none and HMAC even when they are listed", () => {
    for (const alg of ["none", "HS256", "HS512"]) {
      const unsafe = () => ({ ...options(), algorithms: [alg] });
      expect(() => preflightToken(jwt({ ...goodHeader, alg }), unsafe)).toThrow(RefusedError);
    }
  });

  it("refuses bytes that are not UTF-8", () => {
    const payload = Buffer.concat([Buffer.from('{"sub":"'), Buffer.from([0xc3, 0x28]), Buffer.from('"}')]);
    const raw = `${encode(goodHeader)}.${payload.toString("base64url")}.${fakeSignature}`;
    expect(refusal(raw)?.code).toBe("token.malformed");
  });

  it("throws only RefusedError, and never repeats the token, whatever it is given", () => {
    const segment = fc.oneof(fc.json().map(encode), fc.base64String(), fc.string());
    const raw = fc.oneof(
      fc.string({ unit: "binary", maxLength: 300 }),
      fc.array(segment, { maxLength: 6 }).map((segments) => segments.join(".")),
      fc.dictionary(fc.constantFrom("alg", "typ", "kid", "crit", "x"), fc.jsonValue()).map((h) => jwt(h)),
    );
    fc.assert(
      fc.property(raw, (token) => {
        const message = refusal(token)?.message ?? "";
        if (token.length > 20) expect(message).not.toContain(token);
      }),
      { numRuns: 500 },
    );
  });

  it("lets no altered form of a valid token through with a good signature", () => {
    const signingInput = `${encode(goodHeader)}.${encode(goodPayload)}`;
    const format = { key: privateKey, dsaEncoding: "ieee-p1363" } as const;
    const raw = `${signingInput}.${sign("sha256", Buffer.from(signingInput), format).toString("base64url")}`;
    expect(verifies(raw)).toBe(true);
    fc.assert(
      fc.property(mutationOf(raw), (mutated) => {
        fc.pre(mutated !== raw);
        expect(verifies(mutated)).toBe(false);
      }),
      { numRuns: 1000 },
    );
  });
});

function verifies(raw: string): boolean {
  if (refusal(raw)) return false;
  const token = preflightToken(raw, options);
  if (token.kind === "opaque") return false;
  const signature = Buffer.from(raw.slice(token.signingInput.length + 1), "base64url");
  return verify(
    "sha256",
    Buffer.from(token.signingInput),
    { key: publicKey, dsaEncoding: "ieee-p1363" },
    signature,
  );
}

/** Replaces, inserts, removes or repeats a few characters at one place. */
function mutationOf(raw: string): fc.Arbitrary<string> {
  const character = fc.constantFrom(..."ABCxyz019-_.+/=~ \n\t\0é");
  return fc
    .tuple(fc.nat(raw.length), fc.nat(3), fc.array(character, { maxLength: 3 }))
    .map(([at, removed, inserted]) => raw.slice(0, at) + inserted.join("") + raw.slice(at + removed));
}

it("takes a segment for canonical exactly when encoding what it decodes to gives it back", () => {
  const segment = fc.stringMatching(/^[A-Za-z0-9_-]{1,8}$/);
  fc.assert(
    fc.property(segment, (signature) => {
      const isCanonical = Buffer.from(signature, "base64url").toString("base64url") === signature;
      const look = () => preflightToken(`${encode(goodHeader)}.${encode(goodPayload)}.${signature}`, options);
      if (isCanonical) expect(look).not.toThrow();
      else expect(look).toThrow("the signature is not canonical base64url");
    }),
    { numRuns: 2_000 },
  );
});

it("reads a header it has seen before as it read it then, and never as another's", () => {
  const other = { ...goodHeader, kid: "key-2" };
  for (const header of [goodHeader, other, goodHeader, other]) {
    expect(preflightToken(jwt(header), options)).toMatchObject({ kid: header.kid });
  }
  const strict = () => ({ algorithms: ["RS256"], profile: tokenProfiles.rfc9068 });
  expect(() => preflightToken(jwt(), strict)).toThrow(RefusedError);
  for (let n = 0; n < 200; n += 1) {
    expect(preflightToken(jwt({ ...goodHeader, kid: `made-up-${n}` }), options)).toMatchObject({
      kid: `made-up-${n}`,
    });
  }
});
