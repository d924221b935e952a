import type { Json } from "../json.ts";
import { parsePath } from "./json-path-syntax.ts";

/** An argument of an intrinsic function, or the call itself. */
export type IntrinsicNode =
  | {
      readonly kind: "call";
      readonly name: string;
      readonly text: string;
      readonly args: readonly IntrinsicNode[];
    }
  | { readonly kind: "path"; readonly path: string }
  | { readonly kind: "literal"; readonly value: Json };

/** Says why a text is no call of an intrinsic function. */
export class IntrinsicSyntaxError extends Error {
  override readonly name = "IntrinsicSyntaxError";
}

const callPattern = /^States\.([A-Za-z0-9]+)\s*\(/;
const stringPattern = /^'((?:[^'\\]|\\.)*)'/;
const numberPattern = /^-?\d+(\.\d+)?([eE][+-]?\d+)?/;
const wordPattern = /^(null|true|false)\b/;
const pathPattern = /^\$(?:\[(?:'[^']*'|"[^"]*"|[^\]'"])*\]|[^\s,()[\]])*/;
const deepestNesting = 10;

/** Says whether a template's string is a call rather than a path. */
export function isIntrinsicCall(text: string): boolean {
  return text.startsWith("States.");
}

/** Parses a call such as `States.Format('{}', $.x)`. @throws {IntrinsicSyntaxError} */
export function parseIntrinsic(text: string): IntrinsicNode {
  const reader = { text, at: 0 };
  const node = readNode(reader, 0);
  if (node.kind !== "call") throw new IntrinsicSyntaxError(`"${text}" is no call of an intrinsic function`);
  skipSpace(reader);
  if (reader.at < text.length) throw new IntrinsicSyntaxError(`"${text}" goes on after its closing ")"`);
  return node;
}

interface Reader {
  readonly text: string;
  at: number;
}

function skipSpace(reader: Reader): void {
  while (reader.text[reader.at] === " ") reader.at += 1;
}

function take(reader: Reader, pattern: RegExp): RegExpExecArray | null {
  const match = pattern.exec(reader.text.slice(reader.at));
  if (match) reader.at += match[0].length;
  return match;
}

function readNode(reader: Reader, depth: number): IntrinsicNode {
  skipSpace(reader);
  if (depth > deepestNesting) throw new IntrinsicSyntaxError(`"${reader.text}" nests more than 10 calls`);
  const start = reader.at;
  const call = take(reader, callPattern);
  if (call) {
    const args = readArguments(reader, depth);
    return { kind: "call", name: call[1] ?? "", args, text: reader.text.slice(start, reader.at) };
  }
  const text = take(reader, stringPattern);
  if (text) return { kind: "literal", value: text[1] ?? "" };
  const scalar = take(reader, numberPattern) ?? take(reader, wordPattern);
  if (scalar) return { kind: "literal", value: JSON.parse(scalar[0]) as Json };
  return readPath(reader);
}

function readArguments(reader: Reader, depth: number): IntrinsicNode[] {
  const args: IntrinsicNode[] = [];
  skipSpace(reader);
  if (take(reader, /^\)/)) return args;
  for (;;) {
    args.push(readNode(reader, depth + 1));
    skipSpace(reader);
    if (take(reader, /^\)/)) return args;
    if (!take(reader, /^,/)) throw new IntrinsicSyntaxError(`"${reader.text}" lacks "," or ")"`);
  }
}

function readPath(reader: Reader): IntrinsicNode {
  const path = take(reader, pathPattern)?.[0];
  if (path === undefined) {
    throw new IntrinsicSyntaxError(`"${reader.text}" has no argument at "${reader.text.slice(reader.at)}"`);
  }
  parsePath(path);
  return { kind: "path", path };
}
