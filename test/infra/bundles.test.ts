import { readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { bundle } from "./bundle.ts";
import budgets from "./bundle-budgets.json" with { type: "json" };
import { callsIn } from "./calls.ts";
import { loadAsLambda } from "./load-as-lambda.ts";
import { StageUnderTest } from "./stage.ts";
import { root } from "./synth/place.ts";

const names = Object.keys(budgets).sort();

const prod = StageUnderTest.named("prod");
const many = StageUnderTest.named("many");
const minified = new Map<string, Awaited<ReturnType<typeof bundle>>>();
beforeAll(async () => {
  await Promise.all(names.map(async (name) => minified.set(name, await bundle(name, { minify: true }))));
});
afterAll(() => {
  for (const { folder } of minified.values()) rmSync(folder, { recursive: true, force: true });
});

test("every entry file is deployed, and has a budget", () => {
  const entryFiles = readdirSync(join(root, "packages/functions/src/lambda"))
    .filter((file) => !file.endsWith(".test.ts"))
    .map((file) => file.replace(/\.ts$/, ""))
    .sort();
  expect([...prod.functions.keys()].sort()).toEqual(entryFiles);
  expect(names).toEqual(entryFiles);
});

test("is bundled as it is tested: minified, as a module", () => {
  for (const { handler, properties } of prod.synthesized.builds) {
    expect(handler).toMatch(/^packages\/functions\/src\/lambda\/[\w-]+\.handler$/);
    expect(properties).toMatchObject({ minify: true, format: "esm", architecture: "arm64" });
    for (const option of ["install", "esbuild", "splitting", "loader", "banner", "plugins"]) {
      expect(properties).not.toHaveProperty(option);
    }
  }
});

describe.each(names)("%s", (name) => {
  test("bundles without a warning, within its budget of kilobytes", () => {
    const built = minified.get(name);
    expect(built?.errors).toEqual([]);
    // This esbuild does not know the project's language level, which the bundle does not go by.
    expect(built?.warnings.filter(({ text }) => !text.includes('"ES2024"'))).toEqual([]);
    const kilobytes = readFileSync(built?.outfile ?? "").length / 1000;
    const budget = budgets[name as keyof typeof budgets];
    expect(kilobytes).toBeLessThan(budget);
    // A budget that is far off holds nothing.
    expect(kilobytes).toBeGreaterThan(budget * 0.85);
  });

  test("loads with what its stage tells it, people by reference or not", async () => {
    for (const stage of [prod, many]) {
      const built = minified.get(name);
      const loaded = await loadAsLambda(built?.outfile ?? "", stage, name);
      expect(loaded, loaded.log).toMatchObject({ exported: ["handler"], code: 0 });
    }
  });

  test("may do nothing that its code has no call for", async () => {
    const { folder, outfile } = await bundle(name, { minify: false });
    const calls = callsIn(readFileSync(outfile, "utf8"));
    rmSync(folder, { recursive: true, force: true });
    const granted = new Set(many.permissionsOf(name).flatMap(({ actions }) => actions));
    // What Lambda does with the function's role: logs, traces, and the receiving end of an event source.
    const byLambda = /^(logs|xray):|^sqs:(ReceiveMessage|DeleteMessage|GetQueueAttributes)$/;
    expect([...granted].filter((action) => !calls.has(action) && !byLambda.test(action))).toEqual([]);
  });
});
