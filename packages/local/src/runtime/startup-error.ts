import { existsSync } from "node:fs";
import { dirname } from "node:path";

/** Something the person who starts the runtime can mend; told in one line, without a stack. */
export class StartupError extends Error {
  override readonly name = "StartupError";
}

type SystemError = NodeJS.ErrnoException & { readonly port?: number; readonly address?: string };

/** Turns the file system's and network's refusals into one clear line, or returns undefined for a bug. */
export function explainStartup(error: unknown): string | undefined {
  if (error instanceof StartupError) return oneLine(error.message);
  const refused = error as SystemError;
  if (refused.code?.startsWith("ERR_PARSE_ARGS_")) return oneLine(refused.message);
  return refused.port === undefined ? explainFolder(refused) : explainPort(refused);
}

function explainPort({ code, port, address }: SystemError): string | undefined {
  if (code === "EADDRINUSE")
    return `port ${port} on ${address} is in use: stop what listens there, or choose others with --port`;
  if (code === "EACCES") return `port ${port} may not be opened: choose another with --port`;
  return undefined;
}

function explainFolder({ code, path }: SystemError): string | undefined {
  const there = path === undefined ? "the state folder" : nearestThatExists(path);
  const another = "choose another with --state-dir";
  if (code === "EACCES" || code === "EPERM") return `${there} may not be written: ${another}`;
  if (code === "EROFS") return `${there} is on a read-only disk: ${another}`;
  if (code === "ENOSPC")
    return "the disk is full: free some space, or choose another folder with --state-dir";
  if (code === "ENOTDIR" || code === "EEXIST") return `${there} is not a folder: ${another}`;
  return undefined;
}

/** What stands in the way is what is there, not what was to be made in it. */
function nearestThatExists(path: string): string {
  const parent = dirname(path);
  return existsSync(path) || parent === path ? path : nearestThatExists(parent);
}

function oneLine(message: string): string {
  return message.trim().replace(/\s*\n\s*/g, "; ");
}
