import { readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { platform, root } from "./place.ts";

/** The part of esbuild that is used here; SST brings it. */
export interface Esbuild {
  build(options: object): Promise<{
    errors: { text: string }[];
    warnings: { text: string }[];
    outputFiles?: { path: string; text: string; contents: Uint8Array }[];
    metafile?: {
      inputs: Record<string, object>;
      outputs: Record<string, { inputs: Record<string, object> }>;
    };
  }>;
}

interface LoadArguments {
  readonly path: string;
}

export interface Program {
  readonly run: (program: () => Promise<unknown>) => Promise<unknown>;
  readonly config: {
    app(input: { stage: string }): Promise<Record<string, unknown>> | Record<string, unknown>;
    run(): Promise<unknown>;
  };
}

export const requireFromPlatform = createRequire(join(platform, "package.json"));

/** Bundles `sst.config.ts` as SST's command line does, and loads it; `config` stands in for `countersign.config.ts`. */
export async function loadProgram(config: string | undefined): Promise<Program> {
  // In the platform's folder, from whose node_modules its bare imports resolve.
  const outfile = join(platform, `infra-test.${process.pid}.mjs`);
  const esbuild = requireFromPlatform("esbuild") as Esbuild;
  try {
    await esbuild.build({
      stdin: {
        contents: `export { run } from "${platform}/src/auto/run.ts"; export { default as config } from "${root}/sst.config.ts";`,
        resolveDir: root,
        sourcefile: "infra-test.ts",
        loader: "ts",
      },
      bundle: true,
      format: "esm",
      platform: "node",
      target: "esnext",
      mainFields: ["module", "main"],
      sourcemap: "inline",
      outfile,
      logLevel: "error",
      nodePaths: [join(platform, "node_modules")],
      inject: [join(platform, "src/shim/run.js")],
      external: [
        ...["@pulumi/*", "@pulumiverse/*", "@sst-provider/*", "@aws-sdk/*"],
        ...["undici", "esbuild", "archiver", "glob", "vite"],
      ],
      banner: { js: commonJsNames },
      plugins: [sstNames(config)],
    });
    return (await import(pathToFileURL(outfile).href)) as Program;
  } finally {
    rmSync(outfile, { force: true });
  }
}

const commonJsNames = [
  `import { createRequire as infraRequire } from "node:module";`,
  `import { fileURLToPath as infraPath } from "node:url";`,
  `const require = infraRequire(import.meta.url);`,
  `const __filename = infraPath(import.meta.url), __dirname = infraPath(new URL(".", import.meta.url));`,
].join(" ");

/** Gives our own files the names that SST puts into every program, and names resources the same each time. */
function sstNames(config: string | undefined) {
  const names = `import * as sst from "${platform}/src/components"; import * as aws from "@pulumi/aws";\n`;
  const isOwn = (path: string) =>
    path === join(root, "sst.config.ts") || path.startsWith(join(root, "stacks/"));
  return {
    name: "sst-names",
    setup(build: {
      onResolve(filter: object, resolve: (args: { importer: string }) => { path: string } | undefined): void;
      onLoad(
        filter: object,
        load: (args: LoadArguments) => { contents: string; loader: string } | undefined,
      ): void;
    }) {
      build.onResolve({ filter: /\/countersign\.config\.ts$/ }, ({ importer }) =>
        config !== undefined && isOwn(importer) ? { path: resolve(root, config) } : undefined,
      );
      build.onLoad({ filter: /\.ts$/ }, ({ path }) => {
        if (isOwn(path)) return { contents: names + readFileSync(path, "utf8"), loader: "ts" };
        if (!path.endsWith("/src/components/naming.ts")) return undefined;
        const source = readFileSync(path, "utf8");
        return { contents: source.replace('crypto.randomBytes(8).toString("hex")', "name"), loader: "ts" };
      });
    },
  };
}
