import { randomBytes } from "node:crypto";

const separator = "~";

/**
 * The family a grant belongs to. Grants of one family are revoked as one.
 *
 * A token got by exchanging an exchanged token has a grant of its own (the provider wants the grant's
 * client to be the token's), but in the family of the grant it descends from.
 */
export function familyOf(grantId: string): string {
  const end = grantId.indexOf(separator);
  return end < 0 ? grantId : grantId.slice(0, end);
}

/** A new grant id in the family of `grantId`. */
export function descendantGrantId(grantId: string): string {
  return `${familyOf(grantId)}${separator}${randomBytes(16).toString("base64url")}`;
}
