/** How long a call to AWS may take. */
export interface CallLimits {
  readonly connectionMs: number;
  /** For each try, connecting included; also how long an answer may pause. */
  readonly requestMs: number;
  readonly attempts: number;
}

/** Of every service but Step Functions. */
export const callLimits: CallLimits = { connectionMs: 2_000, requestMs: 5_000, attempts: 3 };

// All tries together, each with a pause in its answer, stay under a minute: a start that is asked for just before
// the gate's deadline is over before a sweeper looks for it.
export const stepFunctionsLimits: CallLimits = { ...callLimits, requestMs: 8_000 };

/** Settings of an SDK client whose calls end, for the SDK by itself waits on a connection that hangs for ever. */
export function boundedCalls({ connectionMs, requestMs, attempts }: CallLimits = callLimits) {
  return {
    maxAttempts: attempts,
    requestHandler: {
      connectionTimeout: connectionMs,
      requestTimeout: requestMs,
      // Without it the SDK only warns.
      throwOnRequestTimeout: true,
      socketTimeout: requestMs,
    },
  };
}
