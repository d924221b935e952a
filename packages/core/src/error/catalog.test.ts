import { readdir, readFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { errorsFile, renderErrors } from "../../scripts/publish-errors.ts";
import { type ErrorDefinition, errorCatalog } from "./catalog.ts";

const definitions = Object.entries<ErrorDefinition>(errorCatalog);
const packages = new URL("../../../", import.meta.url);

/** All source of the packages that raise errors, but for the catalog and the tests. */
async function sources(): Promise<string> {
  const texts = ["core", "aws", "idp", "functions"].map(async (name) => {
    const folder = new URL(`${name}/src/`, packages);
    const files = await readdir(folder, { recursive: true });
    const own = files.filter((file) => /\.ts$/.test(file) && !/\.test\.ts$|catalog\.ts$/.test(file));
    return Promise.all(own.map((file) => readFile(new URL(file, folder), "utf8")));
  });
  return (await Promise.all(texts)).flat().join("\n");
}

describe("an error code", () => {
  test("is dotted lower case, but for the one that says nothing", () => {
    for (const [code] of definitions) expect(code).toMatch(/^(internal|[a-z]+\.[a-z_]+)$/);
  });

  test("is raised somewhere", async () => {
    const text = await sources();
    expect(definitions.map(([code]) => code).filter((code) => !text.includes(`"${code}"`))).toEqual([]);
  });

  test.each(definitions)("%s has a valid status, a title and a fix", (_code, { status, title, fix }) => {
    expect(status).toSatisfy((value: number) => Number.isInteger(value) && value >= 400 && value <= 599);
    for (const text of [title, fix]) expect(text).toMatch(/^[a-zA-Z].{5,}[^.\s]$/);
  });

  test("challenges as RFC 6750 §3.1 pairs errors and statuses", () => {
    const statusOf = { invalid_request: 400, invalid_token: 401, insufficient_scope: 403 };
    for (const [, { status, challenge }] of definitions)
      if (challenge) expect(status).toBe(statusOf[challenge]);
  });

  test("of a 503 or 429 can be tried again, and of a 4xx that is the caller's to mend can't", () => {
    for (const [, { status, retryable }] of definitions) {
      if (status === 503 || status === 429) expect(retryable).toBe(true);
      if (status === 400 || status === 401 || status === 403 || status === 422) expect(retryable).toBe(false);
    }
  });

  test("has its title to itself, so that an answer can be told by it", () => {
    const titles = definitions.map(([, { title }]) => title);
    expect(new Set(titles).size).toBe(titles.length);
  });
});

test('docs/errors.md is what "npm run generate" writes', async () => {
  expect(await readFile(errorsFile, "utf8")).toBe(renderErrors());
});
