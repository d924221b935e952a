/** Something the person who starts the runtime can mend; told in one line, without a stack. */
export class StartupError extends Error {
  override readonly name = "StartupError";
}

/** Turns the file system's and network's refusals into one clear line, or returns undefined for a bug. */
export function explainStartup(error: unknown): string | undefined {
  if (error instanceof StartupError) return error.message;
  const { code, path, port, address } = error as NodeJS.ErrnoException & { port?: number; address?: string };
  if (code === "EADDRINUSE")
    return `port ${port} on ${address} is in use: stop what listens there, or choose others with --port`;
  if (code === "EACCES" && port !== undefined)
    return `port ${port} may not be opened: choose another with --port`;
  if (code === "EACCES" || code === "EPERM")
    return `${path ?? "the state folder"} may not be written: choose another with --state-dir`;
  if (code === "EROFS")
    return `${path ?? "the state folder"} is on a read-only disk: choose another with --state-dir`;
  if (code === "ENOSPC")
    return "the disk is full: free some space, or choose another folder with --state-dir";
  if (code === "ENOTDIR" || code === "EEXIST")
    return `${path ?? "the state folder"} is not a folder: choose another with --state-dir`;
  return undefined;
}
