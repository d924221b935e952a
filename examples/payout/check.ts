interface PayoutRequest {
  readonly amount?: unknown;
  readonly settleAfterSeconds?: unknown;
}

/** Refuses a payout that is no positive whole number of cents. */
export async function handler({ amount, settleAfterSeconds = 0 }: PayoutRequest) {
  if (!Number.isSafeInteger(amount) || Number(amount) <= 0)
    throw new InvalidAmountError(`"amount" is ${String(amount)}`);
  return { amount: Number(amount), settleAfterSeconds: Number(settleAfterSeconds) };
}

class InvalidAmountError extends Error {
  override readonly name = "InvalidAmountError";
}
