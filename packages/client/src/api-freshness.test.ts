import { readFile } from "node:fs/promises";
import { expect, it } from "vitest";
import { renderApi } from "../scripts/render-api.ts";

it('src/api.ts is what "npm run generate -w packages/client" writes', async () => {
  const committed = await readFile(new URL("./api.ts", import.meta.url), "utf8");
  expect(committed).toBe(await renderApi());
});
