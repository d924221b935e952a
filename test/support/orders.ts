import { resolve } from "node:path";
import type { ConfigInput } from "@countersign/core/config/config";

/** The state machine that orders start as a nested execution. */
export const shippingArn = "arn:aws:states:us-east-1:000000000000:stateMachine:shipping";

/** Adds the workflows orders and shipping, of which the first starts the second. */
export function withOrders(config: ConfigInput): ConfigInput {
  const machines = ["orders", "shipping"].map((name) => [
    name,
    { definition: resolve(import.meta.dirname, "../e2e/fixtures", `${name}.asl.json`) },
  ]);
  const policy = { start: { scopes: ["payout:start"] } };
  return {
    ...config,
    workflows: {
      ...config.workflows,
      orders: { stateMachine: "orders", ...policy },
      shipping: { stateMachine: "shipping", ...policy },
    },
    local: {
      ...config.local,
      stateMachines: { ...config.local?.stateMachines, ...Object.fromEntries(machines) },
    },
  };
}
