import { randomUUID } from "node:crypto";

/** The most one payout may move, in cents. */
const limit = 1_000_000;

/** Charges a payout, or declines one over the limit. */
export async function handler({ amount }: { readonly amount: number }) {
  if (amount > limit) throw new ChargeDeclinedError(`${amount} is over the limit of ${limit}`);
  return { chargeId: randomUUID(), amount };
}

class ChargeDeclinedError extends Error {
  override readonly name = "ChargeDeclinedError";
}
