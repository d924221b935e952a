/** What a process dies of in a test: no port answers after it. */
export class Crash extends Error {
  override readonly name = "Crash";
}

/** One call at which the process dies, before or after the call took effect. */
export interface CrashPoint {
  readonly call: number;
  readonly persisted: boolean;
}

/** Journals every call to the ports it wraps, kills the process at one of them, and slows one down. */
export class Faults {
  /** Calls in the order they were made, and in the order they ended. */
  readonly calls: string[] = [];
  readonly ended: string[] = [];
  readonly #crashAt: CrashPoint | undefined;
  readonly #slow: string | undefined;
  #dead = false;

  constructor(crashAt?: CrashPoint, slow?: string) {
    this.#crashAt = crashAt;
    this.#slow = slow;
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
    if (!isLast) return await this.#end(name, run);
    this.#dead = true;
    if (this.#crashAt?.persisted) await run();
    throw new Crash(`died ${this.#crashAt?.persisted ? "after" : "before"} ${name}`);
  }

  /** A slow call takes longer than all that others do meanwhile. */
  async #end(name: string, run: () => unknown): Promise<unknown> {
    if (name === this.#slow) await new Promise((resolve) => setImmediate(resolve));
    const answer = await run();
    this.ended.push(name);
    return answer;
  }
}
