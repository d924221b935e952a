import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { renderEntrySchema, schemaFile } from "../../scripts/publish-schema.ts";

test('schema/entry.v1.schema.json is what "npm run generate" writes', async () => {
  expect(await readFile(schemaFile, "utf8")).toBe(renderEntrySchema());
});
