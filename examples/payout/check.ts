interface PayoutRequest {
  readonly amount?: unknown;
  readonly settleAfterSeconds?: unknown;
}

/** Refuses a payout that is no positive whole number of cents; its error, which is logged, does not repeat the input. */
export async function handler({ amount, settleAfterSeconds = 0 }: PayoutRequest) {
  if (!Number.isSafeInteger(amount) || Number(amount) <= 0)
    throw new InvalidAmountError('"amount" is not a positive whole number of cents');
  return { amount: Number(amount), settleAfterSeconds: Number(settleAfterSeconds) };
}

class InvalidAmountError extends Error {
  override readonly name = "InvalidAmountError";
}
