/** A route of an HTTP API: a method or `ANY`, a path with `{variables}`, and the function behind it. */
export interface HttpRoute {
  method: string;
  /** `/static`, `/with/{variable}`, `/ending/{in+}` or `$default`. */
  path: string;
  functionName: string;
}

/** The route a request takes and the values of its path's variables, decoded. */
export interface RouteMatch {
  routeKey: string;
  functionName: string;
  pathParameters: Record<string, string>;
}

/**
 * Finds the route of a request by its raw path.
 *
 * @throws {URIError} when the path is not validly percent-encoded.
 */
export type Router = (method: string, rawPath: string) => RouteMatch | undefined;

type Segment =
  | { kind: "static"; text: string }
  | { kind: "variable"; name: string }
  | { kind: "greedy"; name: string };

interface CompiledRoute {
  route: HttpRoute;
  routeKey: string;
  segments: readonly Segment[];
}

const methods = new Set(["ANY", "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]);
const specificity = { static: "0", variable: "1", greedy: "2" } as const;

/**
 * Compiles routes, the most specific first: a static segment before a variable, a variable before a greedy
 * one, a method before `ANY`, and `$default` last.
 *
 * See https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-routes.html.
 *
 * @throws {Error} when a route is malformed, or two routes take the same requests.
 */
export function compileRoutes(routes: readonly HttpRoute[]): Router {
  const byShape = new Map<string, CompiledRoute>();
  for (const route of routes) {
    const compiled = compile(route);
    const shape = shapeOf(compiled);
    const other = byShape.get(shape);
    if (other) throw new Error(`route ${compiled.routeKey} takes the same requests as ${other.routeKey}`);
    byShape.set(shape, compiled);
  }
  const fallback = [...byShape.values()].find(({ route }) => route.path === "$default");
  const ordered = [...byShape.values()]
    .filter((compiled) => compiled !== fallback)
    .sort((a, b) => compareText(rankOf(a), rankOf(b)));

  return (method, rawPath) => {
    for (const compiled of ordered) {
      const match = matchRoute(compiled, method, rawPath);
      if (match) return match;
    }
    return fallback && { ...keysOf(fallback), pathParameters: {} };
  };
}

function compile(route: HttpRoute): CompiledRoute {
  if (route.path === "$default") {
    if (route.method !== "ANY") throw new Error(`route $default has method ${route.method}, expected ANY`);
    return { route, routeKey: "$default", segments: [] };
  }
  const routeKey = `${route.method} ${route.path}`;
  if (!methods.has(route.method))
    throw new Error(`route ${routeKey}: method is not one of ${[...methods].join(", ")}`);
  if (!route.path.startsWith("/")) throw new Error(`route ${routeKey}: path does not start with /`);
  const texts = route.path.slice(1).split("/");
  const segments = texts.map((text, index) => parseSegment(routeKey, text, index === texts.length - 1));
  const names = segments.flatMap((segment) => (segment.kind === "static" ? [] : [segment.name]));
  if (new Set(names).size !== names.length) throw new Error(`route ${routeKey} names a variable twice`);
  return { route, routeKey, segments };
}

function parseSegment(routeKey: string, text: string, last: boolean): Segment {
  const [, name, plus] = /^\{([\w.-]+)(\+?)\}$/.exec(text) ?? [];
  if (name === undefined) {
    if (/[{}]/.test(text)) throw new Error(`route ${routeKey}: "${text}" is not a whole variable`);
    return { kind: "static", text };
  }
  if (!plus) return { kind: "variable", name };
  if (!last) throw new Error(`route ${routeKey}: {${name}+} is not the last segment`);
  return { kind: "greedy", name };
}

function shapeOf({ route, segments }: CompiledRoute): string {
  if (route.path === "$default") return "$default";
  const path = segments.map((segment) =>
    segment.kind === "static" ? `/${segment.text}` : `/{${segment.kind}}`,
  );
  return `${route.method} ${path.join("")}`;
}

function rankOf({ route, segments }: CompiledRoute): string {
  const path = segments.map(({ kind }) => specificity[kind]).join("");
  return `${path} ${route.method === "ANY" ? 1 : 0}`;
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

function matchRoute(compiled: CompiledRoute, method: string, rawPath: string): RouteMatch | undefined {
  const { route, segments } = compiled;
  if (route.method !== "ANY" && route.method !== method) return undefined;
  const parts = rawPath.slice(1).split("/");
  const greedy = segments.at(-1)?.kind === "greedy";
  if (greedy ? parts.length < segments.length : parts.length !== segments.length) return undefined;
  const variables: [string, string][] = [];
  for (const [index, segment] of segments.entries()) {
    const end = segment.kind === "greedy" ? parts.length : index + 1;
    const text = decodeURIComponent(parts.slice(index, end).join("/"));
    if (!fits(segment, text)) return undefined;
    if (segment.kind !== "static") variables.push([segment.name, text]);
  }
  return { ...keysOf(compiled), pathParameters: Object.fromEntries(variables) };
}

function fits(segment: Segment, text: string): boolean {
  return segment.kind === "static" ? segment.text === text : text !== "";
}

function keysOf({ route, routeKey }: CompiledRoute): Omit<RouteMatch, "pathParameters"> {
  return { routeKey, functionName: route.functionName };
}
