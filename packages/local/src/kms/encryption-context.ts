/** Names and values bound to a ciphertext without being secret. */
export type EncryptionContext = Readonly<Record<string, string>>;

/** One byte string per context, whatever the order of its members: sorted by name, each part with its length. */
export function canonicalContext(context: EncryptionContext): Buffer {
  const pairs = Object.entries(context).map(
    ([name, value]) => [Buffer.from(name), Buffer.from(value)] as const,
  );
  pairs.sort(([left], [right]) => Buffer.compare(left, right));
  return Buffer.concat(pairs.flat().flatMap((part) => [length(part), part]));
}

function length(part: Buffer): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(part.length);
  return bytes;
}
