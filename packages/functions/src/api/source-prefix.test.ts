import fc from "fast-check";
import { expect, test } from "vitest";
import { sourcePrefix } from "./source-prefix.ts";

test.each([
  ["192.0.2.7", "192.0.2.0/24"],
  ["192.0.2.255", "192.0.2.0/24"],
  ["::ffff:192.0.2.7", "192.0.2.0/24"],
  ["::ffff:c000:207", "192.0.2.0/24"],
  ["2001:db8:1:2:3:4:5:6", "2001:db8:1::/48"],
  ["2001:0DB8:0001::6", "2001:db8:1::/48"],
  ["2001:db8::1", "2001:db8:0::/48"],
  ["fe80::1%eth0", "fe80:0:0::/48"],
  ["::1", "0:0:0::/48"],
])("of %s is %s", (address, prefix) => {
  expect(sourcePrefix(address)).toBe(prefix);
});

test.each([
  undefined,
  "",
  "test-invoke-source-ip",
  "192.0.2.7, 198.51.100.1",
  "192.0.2",
  "[::1]",
  "x".repeat(9_999),
])("of %s is unknown", (address) => {
  expect(sourcePrefix(address)).toBe("unknown");
});

test("is one for all addresses of a network, and says nothing of what follows", () => {
  fc.assert(
    fc.property(fc.ipV6(), fc.ipV6(), (one, other) => {
      const site = (address: string) => sourcePrefix(address);
      expect(site(one)).toMatch(/^([0-9a-f]{1,4}:){3}:\/48$|^(\d{1,3}\.){3}0\/24$/);
      if (site(one).endsWith("/48")) expect(site(one.replace(/:[^:.]+$/, ":1"))).toBe(site(one));
      expect(site(other)).toBe(site(other.toUpperCase()));
    }),
  );
  fc.assert(
    fc.property(fc.ipV4(), fc.nat(255), (address, last) => {
      expect(sourcePrefix(address.replace(/\d+$/, String(last)))).toBe(sourcePrefix(address));
    }),
  );
});
