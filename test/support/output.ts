/** Keeps what this process writes to stdout and stderr, and lets it through, until it is stopped. */
export function recordOutput(): { text(): string; stop(): void } {
  const written: string[] = [];
  const restore = [process.stdout, process.stderr].map((stream) => {
    const { write } = stream;
    stream.write = function (this: typeof stream, ...args: unknown[]) {
      written.push(typeof args[0] === "string" ? args[0] : Buffer.from(args[0] as Uint8Array).toString());
      return Reflect.apply(write, this, args);
    } as typeof write;
    return () => {
      stream.write = write;
    };
  });
  return {
    text: () => written.join(""),
    stop: () => {
      for (const undo of restore) undo();
    },
  };
}
