import { z } from "zod";
import type { ApiResponse } from "../src/api/http.ts";
import { openApiDocument } from "../src/api/openapi.ts";

type Schema = Parameters<typeof z.fromJSONSchema>[0];

interface Documented {
  readonly headers?: Readonly<Record<string, object>>;
  readonly content: Readonly<Record<string, { readonly schema: { readonly $ref: string } }>>;
}

const paths = openApiDocument.paths as unknown as Record<
  string,
  Record<string, { readonly responses: Record<string, Documented> }>
>;

/**
 * Holds an answer against the document: its status, headers and media type are documented, and its body has
 * the documented form and nothing beside it.
 *
 * @throws {Error} saying where the two differ.
 */
export function expectDocumented(route: string, { statusCode = 0, headers = {}, body = "" }: ApiResponse) {
  const [method = "", path = ""] = route.split(" ");
  const responses = paths[path]?.[method.toLowerCase()]?.responses ?? {};
  const documented = responses[String(statusCode)] ?? responses[`${Math.floor(statusCode / 100)}XX`];
  const media = documented?.content[String(headers["content-type"])];
  if (!media) throw new Error(`${route} answers ${statusCode} ${headers["content-type"]}, undocumented`);
  const names = Object.keys(documented?.headers ?? {}).map((name) => name.toLowerCase());
  const beside = Object.keys(headers).find((name) => ![...names, ...everywhere].includes(name));
  if (beside !== undefined) throw new Error(`${route} answers ${statusCode} with ${beside}, undocumented`);
  const parsed = schemaNamed(media.schema.$ref).safeParse(JSON.parse(body));
  if (!parsed.success) throw new Error(`${route} answers ${statusCode}: ${z.prettifyError(parsed.error)}`);
}

/** Headers that say how an answer is carried, not what it is. */
const everywhere = ["content-type", "cache-control"];

const known = new Map<string, z.ZodType>();

function schemaNamed(reference: string): z.ZodType {
  const standing = known.get(reference);
  if (standing) return standing;
  const text = JSON.stringify(closed(openApiDocument.components.schemas));
  const $defs = JSON.parse(text.replaceAll("#/components/schemas/", "#/$defs/")) as Record<string, unknown>;
  const name = reference.split("/").at(-1) ?? "";
  const schema = z.fromJSONSchema({ ...($defs[name] as object), $defs } as Schema);
  known.set(reference, schema);
  return schema;
}

/** The same schemas without room for what they don't name. */
function closed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(closed);
  if (typeof value !== "object" || value === null) return value;
  const members = Object.fromEntries(Object.entries(value).map(([name, member]) => [name, closed(member)]));
  const isOpenObject = members["type"] === "object" && "properties" in members;
  return isOpenObject ? { additionalProperties: false, ...members } : members;
}
