import { z } from "zod";
import { AwsError } from "../wire/aws-json.ts";

/** What lists take to page. */
export const pagingSchema = {
  Limit: z.int().min(1).max(1000).optional(),
  Marker: z.string().min(1).max(1024).optional(),
};

interface PageRequest {
  readonly Limit?: number | undefined;
  readonly Marker?: string | undefined;
}

/**
 * Cuts one page out of items sorted by their key; the marker names the last key of the page.
 *
 * @throws {AwsError} InvalidMarkerException when the marker isn't one of ours.
 */
export function cutPage<T>(
  items: readonly T[],
  keyOf: (item: T) => string,
  request: PageRequest,
): { items: readonly T[]; marks: { Truncated: boolean; NextMarker?: string } } {
  const after = request.Marker === undefined ? undefined : readMarker(request.Marker);
  const remaining = after === undefined ? items : items.filter((item) => keyOf(item) > after);
  const page = remaining.slice(0, request.Limit ?? 100);
  const last = page.at(-1);
  if (last === undefined || page.length === remaining.length)
    return { items: page, marks: { Truncated: false } };
  const NextMarker = Buffer.from(`after:${keyOf(last)}`).toString("base64url");
  return { items: page, marks: { Truncated: true, NextMarker } };
}

function readMarker(marker: string): string {
  const text = Buffer.from(marker, "base64url").toString("utf8");
  if (text.startsWith("after:")) return text.slice("after:".length);
  throw new AwsError("InvalidMarkerException", "Marker is not valid.");
}
