/** What a process dies of in a test: no port answers after it. */
export class Crash extends Error {
  override readonly name = "Crash";
}

/** One call at which the process dies, before or after the call took effect. */
export interface CrashPoint {
  readonly call: number;
  readonly persisted: boolean;
}

/** Journals every call to the ports it wraps, and kills the process at one of them. */
export class Faults {
  readonly calls: string[] = [];
  readonly #crashAt: CrashPoint | undefined;
  #dead = false;

  constructor(crashAt?: CrashPoint) {
    this.#crashAt = crashAt;
  }

  get crashed(): boolean {
    return this.#dead;
  }

  /** The same port, with each of its (asynchronous) methods under watch. */
  watch<T extends object>(name: string, port: T): T {
    return new Proxy(port, {
      get: (target, key) => {
        const member: unknown = Reflect.get(target, key);
        if (typeof member !== "function") return member;
        return (...args: unknown[]) => this.#call(`${name}.${String(key)}`, () => member.apply(target, args));
      },
    });
  }

  async #call(name: string, run: () => unknown): Promise<unknown> {
    if (this.#dead) throw new Crash("the process is dead");
    const isLast = this.#crashAt?.call === this.calls.length;
    this.calls.push(name);
    if (!isLast) return await run();
    this.#dead = true;
    if (this.#crashAt?.persisted) await run();
    throw new Crash(`died ${this.#crashAt?.persisted ? "after" : "before"} ${name}`);
  }
}
