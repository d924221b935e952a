import { resolve } from "node:path";

/** Where the runtime keeps its state unless told otherwise; the command line finds it there by itself. */
export const defaultStateDirectory = ".countersign";

/** Commands to try against a runtime, which find it from the folder it was started in. */
export function nextCommands(stateDirectory: string): string[] {
  const isDefault = resolve(stateDirectory) === resolve(defaultStateDirectory);
  const flag = isDefault ? "" : ` --state-dir ${quoted(stateDirectory)}`;
  return [
    `npx countersign start payout --input '{"amount": 4200}' --wait${flag}`,
    `npx countersign audit --workflow payout --since 15m${flag}`,
    `npx countersign audit --follow${flag}`,
  ];
}

function quoted(path: string): string {
  return /^[\w./@%+:-]+$/.test(path) ? path : `'${path.replaceAll("'", `'\\''`)}'`;
}
