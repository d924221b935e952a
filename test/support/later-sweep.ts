import { createExecutionStore } from "@countersign/aws/dynamodb/executions";
import { createLedgerReader, createLedgerWriter } from "@countersign/aws/dynamodb/ledger";
import { createRevocationQueue } from "@countersign/aws/sqs/revocation-queue";
import { createExecutionReader } from "@countersign/aws/step-functions/executions";
import { type SweepReport, sweep, unresolvedAfterMs } from "@countersign/core/sweeper/sweep";
import { names } from "@countersign/local/runtime/provision";
import type { Embedded } from "./embedded.ts";

/** Sweeps a runtime's executions as the sweeper does, by a clock for which no start is on its way any more. */
export async function sweepLater({ runtime, dynamodb, sfn, sqs }: Embedded): Promise<SweepReport> {
  const clock = { now: () => Date.now() + unresolvedAfterMs + 1_000 };
  const executions = createExecutionStore({ dynamodb, table: names.state });
  const ledger = { dynamodb, table: names.ledger, clock };
  return sweep(
    {
      clock,
      executions,
      lister: executions,
      ledger: createLedgerWriter(ledger),
      entries: createLedgerReader(ledger),
      reader: createExecutionReader({ sfn }),
      revocations: createRevocationQueue({ sqs, queueUrl: runtime.queueUrls.revocations }),
    },
    {
      until: Number.POSITIVE_INFINITY,
      onFailure: (executionArn, error) => {
        throw new Error(`${executionArn} could not be swept`, { cause: error });
      },
    },
  );
}
