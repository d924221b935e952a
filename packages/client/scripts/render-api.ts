// biome-ignore lint/style/noRestrictedImports: the client is made from this document; nothing under src imports it
import { openApiDocument } from "@countersign/functions/api/openapi";
import openapiTS, { astToString, type OpenAPI3 } from "openapi-typescript";

const header = `/**
 * Types of the HTTP API, generated from its OpenAPI document by \`npm run generate -w packages/client\`.
 * Do not edit.
 */

`;

/** The text of `src/api.ts`: the OpenAPI document as TypeScript types, the same for the same document. */
export async function renderApi(): Promise<string> {
  // the generator writes into the document it is given
  const document = structuredClone(openApiDocument) as unknown as OpenAPI3;
  const nodes = await openapiTS(document, { alphabetize: true, silent: true });
  return header + astToString(nodes);
}
