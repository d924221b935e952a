import { readdir } from "node:fs/promises";
import { entryActions } from "@countersign/core/entry/actions";
import { errorCatalog } from "@countersign/core/error/catalog";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { openApiDocument } from "./openapi.ts";
import { routes } from "./routes.ts";

interface Operation {
  readonly operationId: string;
  readonly summary: string;
  readonly security?: readonly unknown[];
  readonly parameters?: readonly { name: string; in: string; required: boolean; schema: object }[];
  readonly requestBody?: { readonly content: object };
  readonly responses: Readonly<Record<string, { readonly description: string; readonly content: object }>>;
}
const paths = openApiDocument.paths as unknown as Record<string, Record<string, Operation>>;
const operations = Object.entries(paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
);
const named = ({ path, method }: { path: string; method: string }) => `${method.toUpperCase()} ${path}`;

/** Every value under a name, at any depth. */
function valuesOf(name: string, value: unknown): unknown[] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, member]) => [
    ...(key === name ? [member] : []),
    ...valuesOf(name, member),
  ]);
}

function resolve(reference: string): unknown {
  const steps = reference.replace(/^#\//, "").split("/");
  return steps.reduce<unknown>(
    (at, step) => (at as Record<string, unknown> | undefined)?.[step],
    openApiDocument,
  );
}

test("the routes and the documented operations are the same", () => {
  const served = routes.map(({ method, path }) => `${method} ${path}`);
  expect(operations.map(named).toSorted()).toEqual(served.toSorted());
});

test("every route has its function's entry file", async () => {
  const files = await readdir(new URL("../lambda/", import.meta.url));
  for (const { functionName } of routes) expect(files).toContain(`${functionName}.ts`);
});

describe("the document", () => {
  test("says of itself what OpenAPI 3.1 wants", () => {
    expect(openApiDocument.openapi).toMatch(/^3\.1\.\d+$/);
    expect(openApiDocument.info).toMatchObject({ title: "Countersign", version: expect.any(String) });
    expect(openApiDocument.security).toEqual([{ accessToken: [] }]);
    expect(openApiDocument.components.securitySchemes.accessToken).toMatchObject({
      type: "http",
      scheme: "bearer",
    });
  });

  test("has no reference that leads nowhere, and no schema that nothing leads to", () => {
    const references = valuesOf("$ref", openApiDocument) as string[];
    for (const reference of references) expect(resolve(reference), reference).toBeTypeOf("object");
    const used = new Set(references.map((reference) => reference.split("/").at(-1)));
    expect(Object.keys(openApiDocument.components.schemas).filter((name) => !used.has(name))).toEqual([]);
  });

  test("is the same as JSON, so nothing of it is lost on the way", () => {
    expect(JSON.parse(JSON.stringify(openApiDocument))).toEqual(openApiDocument);
  });

  test("names each operation once", () => {
    const ids = operations.map(({ operation }) => operation.operationId);
    expect(new Set(ids).size).toBe(ids.length);
  });

  test("lists every error code and every action", () => {
    const { Problem, Entry } = openApiDocument.components.schemas;
    expect(Problem.properties.code.enum).toEqual(Object.keys(errorCatalog));
    expect(valuesOf("action", Entry)).toEqual([expect.objectContaining({ enum: [...entryActions] })]);
  });

  test("has only schemas that can be read as JSON Schema", () => {
    const $defs = JSON.parse(
      JSON.stringify(openApiDocument.components.schemas).replaceAll("#/components/schemas/", "#/$defs/"),
    );
    for (const name of Object.keys($defs))
      expect(() => z.fromJSONSchema({ ...$defs[name], $defs })).not.toThrow();
  });
});

describe.each(operations.map((one) => [named(one), one] as const))("%s", (_name, {
  path,
  method,
  operation,
}) => {
  test("declares the variables of its path, all of them required", () => {
    const variables = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
    const declared = (operation.parameters ?? []).filter((parameter) => parameter.in === "path");
    expect(declared.map(({ name }) => name)).toEqual(variables);
    for (const { required } of declared) expect(required).toBe(true);
  });

  test("documents one success at least, and its refusals and failures as problems", () => {
    const codes = Object.keys(operation.responses);
    expect(codes.filter((code) => /^2\d\d$/.test(code)).length).toBeGreaterThan(0);
    for (const code of ["4XX", "5XX"]) {
      expect(operation.responses[code]?.content).toEqual({
        "application/problem+json": { schema: { $ref: "#/components/schemas/Problem" } },
      });
    }
    for (const { description } of Object.values(operation.responses)) expect(description).not.toBe("");
  });

  test("takes a body only where it is posted to", () => {
    expect(operation.requestBody !== undefined).toBe(method === "post");
  });
});
