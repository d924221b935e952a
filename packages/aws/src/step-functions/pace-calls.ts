import type { SFNClient } from "@aws-sdk/client-sfn";
import { Pacer, type PacerOptions } from "@countersign/core/reconciler/pacer";

/** Calls a second that one client makes, by command. */
export type Rates = Readonly<Record<string, number>>;

/**
 * The rates at which an account's quotas refill, in the regions where they are lowest. A burst of 1: what the
 * bucket holds beyond is for those who wait for an answer.
 *
 * {@link https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html}
 */
export const quotaRates: Rates = {
  ListExecutionsCommand: 5,
  DescribeExecutionCommand: 15,
  GetExecutionHistoryCommand: 20,
  ListMapRunsCommand: 1,
  DescribeMapRunCommand: 1,
  DescribeStateMachineCommand: 20,
};

/** Makes every try of a client's calls, the SDK's own retries too, wait for its turn. Returns the client. */
export function paceCalls(
  sfn: SFNClient,
  time: Pick<PacerOptions, "clock" | "sleep">,
  rates: Rates = quotaRates,
): SFNClient {
  const pacers = new Map(
    Object.entries(rates).map(([command, perSecond]) => [command, new Pacer({ ...time, perSecond })]),
  );
  sfn.middlewareStack.add(
    (next, context) => async (args) => {
      await pacers.get(context.commandName ?? "")?.turn();
      return next(args);
    },
    // Low priority puts it inside the SDK's retry, so that it sees every try.
    { step: "finalizeRequest", priority: "low", name: "paceCalls" },
  );
  return sfn;
}
