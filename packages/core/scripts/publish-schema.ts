import { mkdir, writeFile } from "node:fs/promises";
import { z } from "zod";
import { entrySchema } from "../src/entry/entry.ts";

/** Where the published schema stands. */
export const schemaFile = new URL("../schema/entry.v1.schema.json", import.meta.url);

/** The JSON Schema (2020-12) of an entry, as text: the same for the same schema. */
export function renderEntrySchema(): string {
  const schema = z.toJSONSchema(entrySchema, { target: "draft-2020-12" });
  return `${JSON.stringify(schema, null, 2)}\n`;
}

if (import.meta.main) {
  await mkdir(new URL(".", schemaFile), { recursive: true });
  await writeFile(schemaFile, renderEntrySchema());
}
