import { z } from "zod";
import { AwsError } from "../wire/aws-json.ts";
import * as wire from "../wire/page.ts";

/** What lists take to page. */
export const pagingSchema = {
  Limit: z.int().min(1).max(1000).optional(),
  Marker: z.string().min(1).max(1024).optional(),
};

interface PageRequest {
  readonly Limit?: number | undefined;
  readonly Marker?: string | undefined;
}

/** Cuts one page, with KMS's own marks of it. @throws {AwsError} InvalidMarkerException for another's marker. */
export function cutPage<T>(
  items: readonly T[],
  keyOf: (item: T) => string,
  { Limit, Marker }: PageRequest,
): { items: readonly T[]; marks: { Truncated: boolean; NextMarker?: string } } {
  const refusal = () => new AwsError("InvalidMarkerException", "Marker is not valid.");
  const { nextToken, ...page } = wire.cutPage(items, keyOf, { limit: Limit, token: Marker, refusal });
  const marks = nextToken === undefined ? { Truncated: false } : { Truncated: true, NextMarker: nextToken };
  return { ...page, marks };
}
