import { writeFile } from "node:fs/promises";
import { type ErrorDefinition, errorCatalog } from "../src/error/catalog.ts";

/** Where the documented errors stand. */
export const errorsFile = new URL("../../../docs/errors.md", import.meta.url);

const introduction = `# Error codes

Every error answer of Countersign is RFC 9457 problem details with one of these codes; log lines and dead letters
carry the same codes. A code never changes its meaning. *Retry* says whether the same request can succeed later.

What never reaches a function, API Gateway answers by itself, as does the embedded runtime: \`{"message": …}\` with
404 for a route or method that is not in the API's document, 400 for a malformed path, 413 for a body over 10 MB.

This page is made from \`packages/core/src/error/catalog.ts\` by \`npm run generate\`.

| code | status | retry | meaning | fix |
|---|---|---|---|---|
`;

/** The text of `docs/errors.md`: the catalog, in its own order. */
export function renderErrors(): string {
  const rows = Object.entries(errorCatalog).map(([code, definition]) => row(code, definition));
  return `${introduction}${rows.join("\n")}\n`;
}

function row(code: string, { status, retryable, title, fix }: ErrorDefinition): string {
  const cells = [`\`${code}\``, String(status), retryable ? "yes" : "no", title, fix];
  return `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
}

if (import.meta.main) await writeFile(errorsFile, renderErrors());
