/** The password of a request's Basic credentials, as it stands there. */
export function passwordOf(authorization = ""): string | undefined {
  return Buffer.from(authorization.slice(6), "base64").toString().split(":")[1];
}

/** RFC 6749 §2.3.1: the secret stands form-encoded in the Basic credentials. */
export function formEncoded(secret: string): string {
  return encodeURIComponent(secret).replace(
    /[-_.!~*'()]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
