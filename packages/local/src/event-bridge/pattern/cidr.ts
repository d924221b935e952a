import { BlockList, isIP } from "node:net";
import { invalidPattern } from "./invalid-pattern.ts";
import type { Leaf } from "./json.ts";

/**
 * Compiles a `cidr` operand, IPv4 or IPv6.
 *
 * @throws {AwsError} InvalidEventPatternException on a malformed block.
 */
export function compileCidr(block: string): (value: Leaf) => boolean {
  const [address = "", mask, ...rest] = block.split("/");
  if (mask === undefined || rest.length > 0) throw invalidPattern("Malformed CIDR, one '/' required");
  if (!/^\d+$/.test(mask)) throw invalidPattern("Malformed CIDR, mask bits must be an integer");
  const version = isIP(address);
  if (version === 0) throw invalidPattern(`Nonstandard IP address: ${address}`);
  const widest = version === 4 ? 32 : 128;
  if (Number(mask) > widest) throw invalidPattern(`Malformed CIDR, mask bits must be <= ${widest}`);
  const blocks = new BlockList();
  blocks.addSubnet(address, Number(mask), version === 4 ? "ipv4" : "ipv6");
  return (value) =>
    typeof value === "string" &&
    isIP(value) === version &&
    blocks.check(value, version === 4 ? "ipv4" : "ipv6");
}
