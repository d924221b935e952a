import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { describe, expect, it } from "vitest";

const root = resolve(import.meta.dirname, "../..");

/** Which packages a package may import, itself aside. */
const allowed: Readonly<Record<string, readonly string[]>> = {
  core: [],
  aws: ["core"],
  idp: ["core"],
  functions: ["core", "aws", "idp"],
  local: ["core", "aws", "idp", "functions"],
  client: [],
  step: [],
  cli: ["client"],
  console: ["client"],
};

/** Core computes: with its schema library and Node, but neither with what reaches outside nor with a clock. */
const coreModules =
  /^(zod|node:(?!(child_process|cluster|dgram|dns|fs|http|http2|https|net|os|process|sqlite|tls|timers|worker_threads)\b)\w+)$/;

/** Files that may read the environment: where a process begins, and what it begins with. */
const entryFiles = [
  /^packages\/functions\/src\/lambda\/[\w-]+\.ts$/,
  /^packages\/cli\/src\/(main|output\/terminal)\.ts$/,
  /^packages\/local\/src\/main\.ts$/,
  // Gives the configuration file, which is the user's own code, the address of the embedded issuer.
  /^packages\/local\/src\/runtime\/config-file\.ts$/,
];

interface Source {
  readonly path: string;
  readonly package: string;
  readonly text: string;
  readonly imports: readonly Import[];
}

interface Import {
  readonly specifier: string;
  readonly isType: boolean;
}

const sources = readdirSync(join(root, "packages")).flatMap((name) => {
  const folder = join(root, "packages", name, "src");
  return existsSync(folder) ? filesUnder(folder).map((path) => sourceOf(path, name)) : [];
});
const production = sources.filter(
  ({ path }) => !/\.test\.ts$|\/(testing|fixtures)\/|test-endpoint/.test(path),
);

describe("imports", () => {
  it("are found", () => {
    expect(new Set(sources.map((source) => source.package)).size).toBeGreaterThanOrEqual(7);
    expect(production.flatMap(({ imports }) => imports).length).toBeGreaterThan(500);
  });

  it("point from the outside to the core, never back", () => {
    const wrong = production.flatMap(({ path, package: from, imports }) =>
      imports
        .map(({ specifier }) => /^@countersign\/(\w+)\//.exec(specifier)?.[1])
        .filter((to) => to !== undefined && to !== from && !allowed[from]?.includes(to))
        .map((to) => `${path} imports ${to}`),
    );
    expect(wrong).toEqual([]);
  });

  it("cross into another package by its name alone; tests also into its test support", () => {
    const wrong = sources.flatMap(({ path, package: from, imports }) =>
      imports
        .filter(({ specifier }) => specifier.startsWith("."))
        .map(({ specifier }) => relative(root, resolve(root, dirname(path), specifier)))
        .filter((target) => !target.startsWith(`packages/${from}/`))
        .filter((target) => !(path.endsWith(".test.ts") && target.includes("/test-support/")))
        .map((target) => `${path} reaches ${target}`),
    );
    expect(wrong).toEqual([]);
  });

  it("of core are its own, its schema library and what of Node has no effects", () => {
    const wrong = production
      .filter((source) => source.package === "core")
      .flatMap(({ path, imports }) => imports.map(({ specifier }) => [path, specifier] as const))
      .filter(([, specifier]) => !specifier.startsWith(".") && !coreModules.test(specifier));
    expect(wrong).toEqual([]);
  });

  it("make no circle", () => {
    expect(circleAmong(production)).toEqual([]);
  });

  it("are found in a circle when there is one", () => {
    const file = (path: string, specifier: string) => ({
      path: `packages/core/src/${path}`,
      package: "core",
      text: "",
      imports: [{ specifier, isType: false }],
    });
    const three = [file("a.ts", "./b.ts"), file("b.ts", "@countersign/core/c"), file("c.ts", "./a.ts")];
    expect(circleAmong(three).map((path) => path.slice(-4))).toEqual(["a.ts", "b.ts", "c.ts", "a.ts"]);
  });
});

describe("files", () => {
  it("are named for what they hold", () => {
    const vague = /\/(utils?|helpers?|common|types?|index|misc|shared)(\/|\.ts$)/;
    expect(sources.map(({ path }) => path).filter((path) => vague.test(path))).toEqual([]);
  });

  it("are no barrels: each exports what is its own", () => {
    const barrels = sources.filter(({ text }) => /^export \* from/m.test(text) || onlyPassesOn(text));
    expect(barrels.map(({ path }) => path)).toEqual([]);
  });

  it("read the environment only where a process begins", () => {
    const readers = production.filter(({ text }) =>
      /\bprocess\.env\b|\benv\b.*from "node:process"/.test(text),
    );
    const others = readers.filter(({ path }) => !entryFiles.some((entry) => entry.test(path)));
    expect(others.map(({ path }) => path)).toEqual([]);
  });

  it("name no folder outside the repository", () => {
    // Put together here, or this file would name them.
    const outside = new RegExp(
      [
        ["", "work", ""],
        ["\\.\\.", "shared"],
      ]
        .map((parts) => parts.join("/"))
        .join("|"),
    );
    const text = ["docs", "examples", "packages", "test"]
      .flatMap((folder) => filesUnder(join(root, folder), /\.(ts|md|json)$/))
      .concat(readdirSync(root).filter((name) => /\.(ts|md|json)$/.test(name)))
      .map((path) => relative(root, resolve(root, path)));
    expect(text.filter((path) => outside.test(readFileSync(join(root, path), "utf8")))).toEqual([]);
  });
});

function filesUnder(folder: string, named = /\.ts$/): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && named.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => !path.includes("node_modules"));
}

function sourceOf(path: string, name: string): Source {
  const text = readFileSync(path, "utf8");
  return { path: relative(root, path), package: name, text, imports: importsOf(text) };
}

function importsOf(text: string): Import[] {
  const statements = text.matchAll(/^(?:import|export)\s+(type\s)?[^"';]*?from\s+"([^"]+)"/gm);
  const effects = text.matchAll(/^import\s+()"([^"]+)"|\bimport\(\s*()"([^"]+)"/gm);
  return [...statements, ...effects].map(([, type, specifier, , dynamic]) => ({
    specifier: specifier ?? dynamic ?? "",
    isType: Boolean(type),
  }));
}

function onlyPassesOn(text: string): boolean {
  const code = text.replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, "").trim();
  return (
    code !== "" && code.replaceAll(/^export\s+(type\s)?\{[^}]*\}\s+from\s+"[^"]+";$/gm, "").trim() === ""
  );
}

/** The first circle of imports that run (types are gone by then), as paths; empty when there is none. */
function circleAmong(files: readonly Source[]): string[] {
  const byPath = new Map(files.map((file) => [file.path, file]));
  const done = new Set<string>();
  const visit = (path: string, trail: readonly string[]): string[] => {
    const seen = trail.indexOf(path);
    if (seen >= 0) return [...trail.slice(seen), path];
    const file = byPath.get(path);
    if (!file || done.has(path)) return [];
    for (const { specifier } of file.imports.filter(({ isType }) => !isType)) {
      const circle = visit(targetOf(file, specifier), [...trail, path]);
      if (circle.length > 0) return circle;
    }
    done.add(path);
    return [];
  };
  for (const { path } of files) {
    const circle = visit(path, []);
    if (circle.length > 0) return circle;
  }
  return [];
}

function targetOf({ path }: Source, specifier: string): string {
  if (specifier.startsWith(".")) return join(dirname(path), specifier);
  const [, name, rest] = /^@countersign\/(\w+)\/(.+)$/.exec(specifier) ?? [];
  return name === undefined ? specifier : `packages/${name}/src/${rest}.ts`;
}
