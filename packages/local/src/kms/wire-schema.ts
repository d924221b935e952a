import { z } from "zod";

/** A blob of the wire, base64 there and bytes here. */
export function blobSchema(minimumBytes: number, maximumBytes: number) {
  return z
    .base64()
    .transform((text) => Buffer.from(text, "base64"))
    .refine((bytes) => bytes.length >= minimumBytes && bytes.length <= maximumBytes, {
      error: `expected ${minimumBytes} to ${maximumBytes} bytes`,
    });
}

/** An encryption context of the wire; an absent one is the empty one. */
export const contextSchema = z.record(z.string(), z.string()).default({});

/** How AWS writes a point in time in JSON: seconds since 1970. */
export function wireTime(epochMs: number): number {
  return epochMs / 1000;
}
