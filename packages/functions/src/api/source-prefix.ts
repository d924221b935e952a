import { isIPv4, isIPv6 } from "node:net";

/** The prefix of sources that have no address we can read. */
export const unknownSource = "unknown";

/**
 * The network a request came from: an IPv4 address' /24 or an IPv6 address' /48, which names a site and not
 * a person at it.
 *
 * An IPv4 address mapped into IPv6 (RFC 4291 §2.5.5.2) is the IPv4 address.
 */
export function sourcePrefix(address: string | undefined): string {
  if (address === undefined) return unknownSource;
  if (isIPv4(address)) return `${address.split(".").slice(0, 3).join(".")}.0/24`;
  // A zone (RFC 4007 §11) says something of our own host alone.
  const [plain = ""] = address.split("%");
  return isIPv6(plain) ? prefixOfGroups(groupsOf(plain)) : unknownSource;
}

function prefixOfGroups(groups: readonly number[]): string {
  if (groups.slice(0, 6).join() === "0,0,0,0,0,65535") {
    const [high = 0, low = 0] = groups.slice(6);
    return `${high >> 8}.${high & 255}.${low >> 8}.0/24`;
  }
  const site = groups.slice(0, 3).map((group) => group.toString(16));
  return `${site.join(":")}::/48`;
}

/** The eight groups of an address; the URL parser knows every way to write one. */
function groupsOf(address: string): number[] {
  const [head = "", tail] = new URL(`http://[${address}]`).hostname.slice(1, -1).split("::");
  const parse = (part: string) =>
    part === "" ? [] : part.split(":").map((group) => Number.parseInt(group, 16));
  const [first, last] = [parse(head), parse(tail ?? "")];
  const zeros = tail === undefined ? 0 : 8 - first.length - last.length;
  return [...first, ...Array.from({ length: zeros }, () => 0), ...last];
}
