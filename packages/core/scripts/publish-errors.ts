import { writeFile } from "node:fs/promises";
import { type ErrorDefinition, errorCatalog } from "../src/error/catalog.ts";

/** Where the documented errors stand. */
export const errorsFile = new URL("../../../docs/errors.md", import.meta.url);

const introduction = `# Error codes

Every error answer is RFC 9457 problem details with one of these codes; log lines and dead letters carry the same
codes. A code never changes its meaning. *Retry* says whether the same request can succeed later.

This page is made from \`packages/core/src/error/catalog.ts\` by \`node packages/core/scripts/publish-errors.ts\`.

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
