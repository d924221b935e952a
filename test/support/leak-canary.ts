import { inflateRawSync, constants as zlib } from "node:zlib";

/** A place where nothing of a secret may be, and what it holds. */
export interface Sink {
  readonly name: string;
  readonly bytes: Uint8Array;
}

export interface Hit {
  /** The secret's name: the secret itself is not repeated. */
  readonly secret: string;
  readonly form: string;
  readonly sink: string;
}

interface Needle {
  readonly secret: string;
  readonly form: string;
  readonly bytes: Buffer;
}

/** Shorter pieces would be found by chance. */
const shortest = 12;

/** Knows the secrets of a run, and finds them in whatever form they lie about. */
export class LeakCanary {
  readonly #needles = new Map<string, Needle>();

  get size(): number {
    return new Set([...this.#needles.values()].map(({ secret }) => secret)).size;
  }

  /** Registers a secret; a JWT also by its payload and signature alone. */
  register(secret: string, value: string | Uint8Array): void {
    const bytes = Buffer.from(value);
    for (const [form, needle] of formsOf(bytes)) this.#add({ secret, form, bytes: needle });
    const segments = bytes.toString("latin1").split(".");
    if (segments.length !== 3) return;
    for (const [index, part] of [
      [1, "payload"],
      [2, "signature"],
    ] as const) {
      for (const [form, needle] of formsOf(Buffer.from(segments[index] ?? "", "latin1")))
        this.#add({ secret, form: `${part}, ${form}`, bytes: needle });
    }
  }

  /** Every secret in every sink, also inside what is compressed there. */
  search(sinks: Iterable<Sink>): Hit[] {
    const index = indexed(this.#needles.values());
    const hits: Hit[] = [];
    for (const { name, bytes } of sinks) {
      const found = new Map<string, Hit>();
      for (const content of [Buffer.from(bytes), ...unpacked(Buffer.from(bytes))]) {
        for (const { secret, form } of needlesIn(content, index))
          found.set(`${secret} ${form}`, { secret, form, sink: name });
      }
      hits.push(...found.values());
    }
    return hits;
  }

  #add(needle: Needle): void {
    const key = needle.bytes.toString("latin1");
    if (needle.bytes.length >= shortest && !this.#needles.has(key)) this.#needles.set(key, needle);
  }
}

/** The ways a secret is written, by accident or by a library. */
function formsOf(bytes: Buffer): [form: string, needle: Buffer][] {
  const text = bytes.toString("utf8");
  return [
    ["plain", bytes],
    ["hex", Buffer.from(bytes.toString("hex"))],
    ["upper-case hex", Buffer.from(bytes.toString("hex").toUpperCase())],
    ["URL-encoded", Buffer.from(encodeURIComponent(text))],
    ["JSON-escaped", Buffer.from(JSON.stringify(text).slice(1, -1))],
    ["reversed", Buffer.from(bytes.toReversed())],
    ["UTF-16", Buffer.from(text, "utf16le")],
    ...base64Forms(bytes, "base64"),
    ...base64Forms(bytes, "base64url"),
  ];
}

/** In the middle of something else that is base64, as in a Basic header, it depends on where it begins. */
function base64Forms(bytes: Buffer, encoding: "base64" | "base64url"): [string, Buffer][] {
  return [0, 1, 2].map((before) => {
    const encoded = Buffer.concat([Buffer.alloc(before), bytes]).toString(encoding);
    // The first and last characters also hold bits of the neighbours.
    const whole = Math.floor((before + bytes.length) / 3) * 4;
    return [`${encoding} at ${before}`, Buffer.from(encoded.slice(Math.ceil((before * 8) / 6), whole))];
  });
}

/** The needles by their first three bytes, and which three bytes begin any. */
interface Index {
  readonly needles: ReadonlyMap<number, readonly Needle[]>;
  readonly begins: Uint8Array;
}

function indexed(all: Iterable<Needle>): Index {
  const needles = Map.groupBy(all, ({ bytes }) => keyAt(bytes, 0));
  const begins = new Uint8Array(1 << 24);
  for (const key of needles.keys()) begins[key] = 1;
  return { needles, begins };
}

/** Looks at each place once, whatever the number of needles. */
function needlesIn(content: Buffer, { needles, begins }: Index): Set<Needle> {
  const found = new Set<Needle>();
  for (let at = 0; at + shortest <= content.length; at += 1) {
    const key = keyAt(content, at);
    if (begins[key] === 0) continue;
    for (const needle of needles.get(key) ?? []) if (isAt(content, at, needle.bytes)) found.add(needle);
  }
  return found;
}

function keyAt(bytes: Uint8Array, at: number): number {
  return (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8) | ((bytes[at + 2] ?? 0) << 16);
}

function isAt(content: Buffer, at: number, needle: Buffer): boolean {
  const end = at + needle.length;
  return end <= content.length && content.compare(needle, 0, needle.length, at, end) === 0;
}

const gzipMagic = Buffer.from([0x1f, 0x8b, 0x08]);
const gzipHeaderBytes = 10;

/** What gzip streams in the content hold, as far as they can be read. */
function unpacked(content: Buffer): Buffer[] {
  const streams: Buffer[] = [];
  for (let at = content.indexOf(gzipMagic); at >= 0; at = content.indexOf(gzipMagic, at + 1)) {
    try {
      // Raw, because what follows the stream, or cuts it short, is an error to the gzip reader.
      const packed = content.subarray(at + gzipHeaderBytes);
      streams.push(inflateRawSync(packed, { finishFlush: zlib.Z_SYNC_FLUSH }));
    } catch {
      // Three bytes that only look like the beginning of a stream.
    }
  }
  return streams;
}
