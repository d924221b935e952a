import type { SentRequest } from "./invoke.ts";
import type { KillPoint } from "./kill-point.ts";

/** A kill point and what to call it. */
export interface NamedPoint {
  readonly point: KillPoint;
  readonly name: string;
}

/** Requests that leave nothing behind: a crash after one is a crash before it. */
const reads =
  /^(GetItem|BatchGetItem|Query|DescribeExecution|GetSecretValue|GenerateDataKey|Decrypt|\/token\/introspection|\/jwks|\/\.well-known\/)/;

/**
 * Every point between two effects of a run, and every effect left out while all that goes on beside it happens.
 *
 * A request that goes alone is never sent at the point after the effect before it: that is one point, not two.
 */
export function killPoints(requests: readonly SentRequest[]): NamedPoint[] {
  const effects = requests.filter(({ name }) => !reads.test(name));
  return effects.flatMap(({ number, name }, index) => {
    const goesAlone = requests.every((other) =>
      other.number === number ? other.beside.length === 0 : !other.beside.includes(number),
    );
    const after: NamedPoint = { point: { request: number, when: "after" }, name: `after ${number}: ${name}` };
    if (index > 0 && goesAlone) return [after];
    return [{ point: { request: number, when: "before" }, name: `before ${number}: ${name}` }, after];
  });
}

/** The point after the first request of a name. */
export function pointAfter(requests: readonly SentRequest[], name: string): KillPoint {
  const found = requests.find((request) => request.name === name);
  if (!found) throw new Error(`no request is ${name}: ${requests.map((one) => one.name).join(", ")}`);
  return { request: found.number, when: "after" };
}
