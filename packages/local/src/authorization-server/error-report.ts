import type Provider from "oidc-provider";

type Report = (line: string) => void;

/** Writes each fault of the server itself to `report`: what failed and where, never with what values. */
export function reportServerErrors(provider: Provider, report: Report): void {
  provider.on("server_error", (ctx, error) =>
    report(describeFault(ctx.oidc?.route ?? "unknown route", error)),
  );
  // Koa's own would write the error to stderr whole.
  provider.onerror = (error) => report(describeFault("response", error));
}

/** One line on a fault. A message is cut of anything that could be part of a credential. */
export function describeFault(route: string, error: unknown): string {
  if (!(error instanceof Error)) return `authorization server: ${route}: a ${typeof error} was thrown`;
  // A SyntaxError of JSON.parse quotes the text it fell over.
  const message = error instanceof SyntaxError ? "" : ` ${redact(error.message)}`;
  const frame = error.stack?.split("\n").find((line) => line.trimStart().startsWith("at "));
  return `authorization server: ${route}: ${error.name}${message}${frame ? ` (${frame.trim()})` : ""}`;
}

function redact(message: string): string {
  return message.replace(/[\w.~+/=-]{16,}/g, "[removed]");
}
