import { readFile } from "node:fs/promises";
import { text } from "node:stream/consumers";
import { type CommandError, usageError } from "../output/failure.ts";
import { findJsonError, positionOf } from "./json-error.ts";

export interface InputOptions {
  readonly input?: string;
  readonly inputFile?: string;
}

const standardInput = "-";

/**
 * The input of an execution, from the command line, a file or standard input.
 *
 * @throws {CommandError} when it cannot be read or is not a JSON object; the input itself is never quoted.
 */
export async function readInput(
  options: InputOptions,
  stdin: NodeJS.ReadableStream,
): Promise<Record<string, unknown> | undefined> {
  if (options.input !== undefined) return parseInput(options.input, "--input");
  if (options.inputFile === undefined) return undefined;
  const source = options.inputFile === standardInput ? "standard input" : options.inputFile;
  const content = options.inputFile === standardInput ? await text(stdin) : await readInputFile(source);
  // editors on some systems put a byte order mark before the text
  return parseInput(content.replace(/^\uFEFF/, ""), source);
}

async function readInputFile(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    throw unreadable(path, error);
  }
}

/** A file that was named and can't be read. */
export function unreadable(path: string, error: unknown): CommandError {
  const { code } = error as NodeJS.ErrnoException;
  const fact =
    code === "ENOENT" ? "does not exist" : code === "EISDIR" ? "is a folder" : `cannot be read (${code})`;
  return usageError(`the file ${path} ${fact}`, "check the path and its permissions");
}

function parseInput(source: string, name: string): Record<string, unknown> {
  const error = findJsonError(source);
  if (error) {
    const { line, column } = positionOf(source, error.at);
    throw usageError(
      `${name} is not usable JSON: line ${line}, column ${column}: ${error.problem}`,
      `mend the input there; an input is a JSON object, as in '{"amount":100}'`,
    );
  }
  const value: unknown = JSON.parse(source);
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    return value as Record<string, unknown>;
  }
  const kind = Array.isArray(value) ? "an array" : value === null ? "null" : `a ${typeof value}`;
  throw usageError(`${name} is ${kind}, expected a JSON object`, `put it into one, as in '{"items":[1,2]}'`);
}
