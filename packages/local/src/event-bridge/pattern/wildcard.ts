import { invalidPattern } from "./invalid-pattern.ts";

/**
 * Compiles a `wildcard` expression: `*` stands for any run of characters, `\*` and `\\` for themselves.
 *
 * The test takes time proportional to the value, whatever the number of wildcards.
 *
 * @throws {AwsError} InvalidEventPatternException on two wildcards in a row or another escape.
 */
export function compileWildcard(expression: string): (value: string) => boolean {
  const [first = "", ...rest] = splitAtWildcards(expression);
  const last = rest.pop();
  if (last === undefined) return (value) => value === first;
  return (value) => {
    if (value.length < first.length + last.length) return false;
    if (!value.startsWith(first) || !value.endsWith(last)) return false;
    return containsInOrder(value.slice(first.length, value.length - last.length), rest);
  };
}

function containsInOrder(value: string, parts: readonly string[]): boolean {
  let from = 0;
  for (const part of parts) {
    const found = value.indexOf(part, from);
    if (found < 0) return false;
    from = found + part.length;
  }
  return true;
}

function splitAtWildcards(expression: string): string[] {
  const parts = [""];
  for (let at = 0; at < expression.length; at++) {
    const character = expression.charAt(at);
    if (character === "*") {
      if (expression.charAt(at + 1) === "*") {
        throw invalidPattern(`Consecutive wildcard characters at pos ${at + 1}`);
      }
      parts.push("");
      continue;
    }
    if (character === "\\") at++;
    const literal = expression.charAt(at);
    if (character === "\\" && literal !== "*" && literal !== "\\") {
      throw invalidPattern(`Invalid escape character at pos ${at - 1}`);
    }
    parts.push((parts.pop() ?? "") + literal);
  }
  return parts;
}
