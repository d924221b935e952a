import type { ConfigInput } from "@countersign/core/config/config";

/** The workflow whose executions do nothing, so that what is measured is their start. */
export const parked = "parked";
/** The workflow of the example, which runs two functions. */
export const payout = "payout";
export const scope = "payout:start";
export const client = "payments-app";

/** The tests' configuration with a workflow to measure; both with a start rate that is counted, never reached. */
export function benchConfig(config: ConfigInput): ConfigInput {
  const limits = { startsPerMinute: 60_000 };
  return {
    ...config,
    workflows: {
      [parked]: { stateMachine: parked, start: { scopes: [scope] }, limits },
      [payout]: { stateMachine: payout, start: { scopes: [scope] }, limits },
    },
    local: {
      ...config.local,
      stateMachines: {
        ...config.local?.stateMachines,
        [parked]: { definition: "test/bench/parked.asl.json" },
      },
    },
  };
}
