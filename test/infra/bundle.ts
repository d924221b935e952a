import { mkdirSync, mkdtempSync } from "node:fs";
import { join } from "node:path";
import { root } from "./synth/place.ts";
import { type Esbuild, requireFromPlatform } from "./synth/program.ts";

const esbuild = requireFromPlatform("esbuild") as Esbuild;

/** What SST puts at the beginning of a module it bundles. */
const banner = [
  `import { createRequire as topLevelCreateRequire } from 'module';`,
  `const require = topLevelCreateRequire(import.meta.url);`,
  `import { fileURLToPath as topLevelFileUrlToPath, URL as topLevelURL } from "url"`,
  `const __filename = topLevelFileUrlToPath(import.meta.url)`,
  `const __dirname = topLevelFileUrlToPath(new topLevelURL(".", import.meta.url))`,
].join("\n");

/** Bundles a function's entry file with the options SST has for one that is ESM. */
export async function bundle(name: string, options: { minify: boolean }) {
  const folder = mkdtempSync(join(ensured(join(root, ".sst/bundles")), `${name}-`));
  const outfile = join(folder, `${name}.mjs`);
  const result = await esbuild.build({
    absWorkingDir: root,
    entryPoints: [join("packages/functions/src/lambda", `${name}.ts`)],
    outfile,
    bundle: true,
    platform: "node",
    format: "esm",
    target: "esnext",
    mainFields: ["module", "main"],
    external: ["sharp", "pg-native"],
    keepNames: true,
    metafile: true,
    banner: { js: banner },
    logLevel: "silent",
    ...options,
  });
  return { folder, outfile, ...result };
}

function ensured(folder: string): string {
  mkdirSync(folder, { recursive: true });
  return folder;
}
