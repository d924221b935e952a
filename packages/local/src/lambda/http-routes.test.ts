import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compileRoutes, type HttpRoute } from "./http-routes.ts";

function routes(...keys: string[]): HttpRoute[] {
  return keys.map((key) => {
    const [method = "", path = ""] = key === "$default" ? ["ANY", key] : key.split(" ");
    return { method, path, functionName: key };
  });
}

describe("routes", () => {
  it("match the most specific first, whatever the order they are given in", () => {
    const keys = [
      "$default",
      "ANY /{proxy+}",
      "GET /pets/{proxy+}",
      "ANY /pets/{id}",
      "GET /pets/{id}",
      "GET /pets/dog",
      "ANY /pets/{id}/toys",
    ];
    for (const given of [keys, keys.toReversed()]) {
      const route = compileRoutes(routes(...given));
      const taken = (method: string, path: string) => route(method, path)?.routeKey;
      expect(taken("GET", "/pets/dog")).toBe("GET /pets/dog");
      expect(taken("POST", "/pets/dog")).toBe("ANY /pets/{id}");
      expect(taken("GET", "/pets/cat")).toBe("GET /pets/{id}");
      expect(taken("GET", "/pets/cat/toys")).toBe("ANY /pets/{id}/toys");
      expect(taken("GET", "/pets/cat/toys/1")).toBe("GET /pets/{proxy+}");
      expect(taken("PUT", "/pets/cat/toys/1")).toBe("ANY /{proxy+}");
      expect(taken("GET", "/")).toBe("$default");
    }
  });

  it("give the variables of a path decoded, the greedy one with its slashes", () => {
    const route = compileRoutes(routes("GET /a/{one}/{rest+}"));
    expect(route("GET", "/a/x%2Fy%20z/b/c%3A")?.pathParameters).toEqual({ one: "x/y z", rest: "b/c:" });
    expect(route("GET", "/a/x/")).toBeUndefined();
    expect(() => route("GET", "/a/%E0%A4%A/b")).toThrow(URIError);
  });

  it("give back any value that was encoded into a path", () => {
    const route = compileRoutes(routes("GET /workflows/{workflow}/executions/{id}"));
    const value = fc.string({ minLength: 1, unit: "grapheme" });
    fc.assert(
      fc.property(value, value, (workflow, id) => {
        const path = `/workflows/${encodeURIComponent(workflow)}/executions/${encodeURIComponent(id)}`;
        expect(route("GET", path)?.pathParameters).toEqual({ workflow, id });
      }),
    );
  });

  it.each([
    ["FETCH /a", "method is not one of"],
    ["GET a", "path does not start with /"],
    ["GET /{a}x", '"{a}x" is not a whole variable'],
    ["GET /{a+}/b", "{a+} is not the last segment"],
    ["GET /{a}/{a}", "names a variable twice"],
  ])("refuse %s", (key, message) => {
    expect(() => compileRoutes(routes(key))).toThrow(message);
  });

  it("refuse two that take the same requests", () => {
    expect(() => compileRoutes(routes("GET /a/{b}", "GET /a/{c}"))).toThrow(
      "route GET /a/{c} takes the same requests as GET /a/{b}",
    );
    expect(() => compileRoutes([{ method: "GET", path: "$default", functionName: "f" }])).toThrow(
      "expected ANY",
    );
  });
});
