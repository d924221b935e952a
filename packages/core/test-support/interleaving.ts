import type { Scheduler } from "fast-check";

/**
 * A port whose calls wait for their turn in the scheduler, before and after they take effect: any other call
 * may come between asking and doing, and between doing and hearing of it.
 */
export function interleaved<T extends object>(scheduler: Scheduler, label: string, port: T): T {
  return new Proxy(port, {
    get(target, name) {
      const member = Reflect.get(target, name, target) as unknown;
      if (typeof member !== "function" || typeof name === "symbol") return member;
      return async (...args: unknown[]) => {
        await scheduler.schedule(Promise.resolve(), `${label}.${name} asked`);
        const outcome = await Promise.resolve(Reflect.apply(member, target, args)).then(
          (value: unknown) => ({ value }),
          (error: unknown) => ({ error }),
        );
        await scheduler.schedule(Promise.resolve(), `${label}.${name} done`);
        if ("error" in outcome) throw outcome.error;
        return outcome.value;
      };
    },
  });
}
