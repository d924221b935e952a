import { writeFile } from "node:fs/promises";
import { renderApi } from "./render-api.ts";

await writeFile(new URL("../src/api.ts", import.meta.url), await renderApi());
