import { writeSync } from "node:fs";
import http, { type ClientRequest } from "node:http";
import { syncBuiltinESMExports } from "node:module";

/**
 * Where a process is killed, by the number of its outbound request.
 *
 * `after`: once the first n requests have been answered; none that follows them is sent. `before`: the n-th is
 * never sent; all that goes on beside it is answered first.
 */
export interface KillPoint {
  readonly request: number;
  readonly when: "before" | "after";
}

/** What a process says of itself while it lives, a line of JSON each. */
export type Report =
  | { readonly sends: number; readonly name: string; readonly beside: readonly number[] }
  | { readonly issued: string }
  | { readonly answer: unknown }
  | { readonly failure: string };

export const reportDescriptor = 3;

/** Synchronous: what is said before the kill has been said. */
export function report(line: Report): void {
  writeSync(reportDescriptor, `${JSON.stringify(line)}\n`);
}

/** How long nothing may be under way before what is beside a request counts as done. */
const quietMs = 25;

/** Numbers every request this process sends from now on, and kills it at a point. */
export function installKillPoint(point: KillPoint | undefined): void {
  const requests = new Requests(point);
  wrapHttp(requests);
  wrapFetch(requests);
}

class Requests {
  readonly #point: KillPoint | undefined;
  readonly #unanswered = new Set<number>();
  #count = 0;
  #reached = false;

  constructor(point: KillPoint | undefined) {
    this.#point = point;
  }

  /** The next request's number, and whether it is to be sent. */
  next(): { number: number; beside: readonly number[]; isSent: boolean } {
    this.#count += 1;
    const number = this.#count;
    const beside = [...this.#unanswered];
    const isSent = this.#isSent(number);
    if (isSent) this.#unanswered.add(number);
    else if (this.#point?.when === "before") this.#reach();
    return { number, beside, isSent };
  }

  answered(number: number): void {
    this.#unanswered.delete(number);
    if (!this.#point) return;
    if (this.#point.when === "before") this.#dieWhenQuiet();
    else this.#dieAfter(number, this.#point.request);
  }

  #dieAfter(number: number, request: number): void {
    if (number === request) this.#reached = true;
    if (this.#reached && this.#unanswered.size === 0) die();
  }

  #isSent(number: number): boolean {
    if (!this.#point) return true;
    const { request, when } = this.#point;
    return when === "before" ? number !== request : number <= request;
  }

  #reach(): void {
    this.#reached = true;
    this.#dieWhenQuiet();
  }

  #dieWhenQuiet(): void {
    if (!this.#reached || this.#unanswered.size > 0) return;
    const seen = this.#count;
    setTimeout(() => {
      if (this.#count === seen && this.#unanswered.size === 0) die();
      else this.#dieWhenQuiet();
    }, quietMs);
  }
}

function die(): void {
  process.kill(process.pid, "SIGKILL");
}

/** The AWS SDK sends by node:http. */
function wrapHttp(requests: Requests): void {
  const { request: send } = http;
  http.request = ((...args: Parameters<typeof send>): ClientRequest => {
    const { number, beside, isSent } = requests.next();
    const request = send(...args);
    const { end } = request;
    const target = String(request.getHeader("x-amz-target") ?? request.path);
    request.end = ((...body: Parameters<typeof end>) => {
      report({ sends: number, name: awsName(target, body[0]), beside });
      return isSent ? end.apply(request, body) : request;
    }) as typeof end;
    if (!isSent) request.write = () => true;
    request.once("response", () => requests.answered(number));
    request.once("error", () => requests.answered(number));
    return request;
  }) as typeof send;
  syncBuiltinESMExports();
}

/** The OAuth client sends by fetch. Tells of the tokens that it was given. */
function wrapFetch(requests: Requests): void {
  const { fetch: send } = globalThis;
  globalThis.fetch = async (...args) => {
    const { number, beside, isSent } = requests.next();
    const { pathname } = new URL(String(args[0]));
    report({ sends: number, name: pathname, beside });
    if (!isSent) return new Promise(() => undefined);
    try {
      const response = await send(...args);
      if (pathname === "/token") reportIssued(await response.clone().text());
      return response;
    } finally {
      requests.answered(number);
    }
  };
}

function reportIssued(body: string): void {
  const { access_token: issued } = JSON.parse(body) as { access_token?: string };
  if (issued !== undefined) report({ issued });
}

/** The operation and the kind of item, such as `PutItem SEAL`. */
function awsName(target: string, body: unknown): string {
  const operation = target.slice(target.lastIndexOf(".") + 1);
  const text = typeof body === "string" ? body : Buffer.from((body as Uint8Array) ?? []).toString("utf8");
  const kind = /"pk":\{"S":"([A-Z]+)#/.exec(text)?.[1];
  const table = /"TableName":"([a-z]+)-/.exec(text)?.[1];
  return [operation, table, kind].filter((part) => part !== undefined).join(" ");
}
