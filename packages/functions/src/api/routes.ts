/** One route of the HTTP API and the function behind it. */
export interface Route {
  readonly method: "GET" | "POST";
  readonly path: string;
  /** Name of the entry file in `functions/src/lambda`. */
  readonly functionName: "gate" | "executions" | "audit" | "dead-letters" | "subjects" | "metadata";
}

/** The HTTP API, as deployed and as embedded. */
export const routes: readonly Route[] = [
  { method: "POST", path: "/workflows/{workflow}/executions", functionName: "gate" },
  { method: "GET", path: "/executions/{executionArn}", functionName: "executions" },
  { method: "POST", path: "/executions/{executionArn}/stop", functionName: "executions" },
  { method: "GET", path: "/audit/entries", functionName: "audit" },
  { method: "GET", path: "/operations/dead-letters", functionName: "dead-letters" },
  { method: "POST", path: "/operations/dead-letters/redrive", functionName: "dead-letters" },
  { method: "POST", path: "/operations/subjects/erase", functionName: "subjects" },
  { method: "GET", path: "/openapi.json", functionName: "metadata" },
  { method: "GET", path: "/schemas/entry.v1.json", functionName: "metadata" },
  { method: "GET", path: "/.well-known/oauth-protected-resource", functionName: "metadata" },
];
