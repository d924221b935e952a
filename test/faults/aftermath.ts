import { KMSClient } from "@aws-sdk/client-kms";
import { createExecutionStore } from "@countersign/aws/dynamodb/executions";
import { createLedgerReader } from "@countersign/aws/dynamodb/ledger";
import { createSealOpener } from "@countersign/aws/kms/seal";
import { createExecutionReader } from "@countersign/aws/step-functions/executions";
import type { Entry } from "@countersign/core/entry/entry";
import type { ExecutionState, Grant } from "@countersign/core/execution/execution-state";
import { type ExecutionDescription, grantIdOf } from "@countersign/core/execution/step-functions";
import { clientOf, names } from "@countersign/local/runtime/provision";
import type { Stage } from "./stage.ts";

/** One execution's name: what Step Functions and the state table say of it. */
interface Named {
  readonly executionArn: string;
  readonly description: ExecutionDescription | undefined;
  readonly state: ExecutionState | undefined;
  /** The grant that the running execution was given, by its own input. */
  readonly grantId: string | undefined;
  /** The token sealed for that grant. */
  readonly sealed: string | undefined;
}

/** All that a case has left behind, seen with the rights of the account's owner. */
export interface Aftermath {
  readonly entries: readonly Entry[];
  readonly executions: readonly Named[];
  /** Tokens issued in the case that the provider says are active. */
  readonly live: readonly string[];
  readonly letters: number;
}

export async function aftermath(stage: Stage): Promise<Aftermath> {
  const { observer } = stage.world;
  const live: string[] = [];
  for (const token of new Set(stage.issued)) {
    if ((await observer.introspect(token))["active"] === true) live.push(token);
  }
  return {
    entries: await entriesOf(stage),
    executions: await Promise.all(stage.starts.map(({ executionArn }) => named(stage, executionArn))),
    live,
    letters: await stage.stores.countLetters(),
  };
}

/** Every entry of the case's own ledger, in the order of recording. */
export async function entriesOf({ world, stores }: Stage): Promise<readonly Entry[]> {
  const { dynamodb } = world.embedded;
  const ledger = createLedgerReader({ dynamodb, table: stores.ledger, clock: { now: Date.now } });
  const window = { from: Date.now() - 3_600_000, to: Date.now() + 3_600_000, limit: 1000 };
  return (await ledger.query({ by: "time" }, window)).entries.toReversed();
}

export async function named({ world, stores }: Stage, executionArn: string): Promise<Named> {
  const { dynamodb, sfn, runtime } = world.embedded;
  const kms = new KMSClient(clientOf(runtime.urls.aws));
  try {
    const description = await createExecutionReader({ sfn }).describe(executionArn);
    const grantId = grantIdOf(description?.input);
    const seals = createSealOpener({ dynamodb, kms, table: stores.state, keyId: names.key });
    return {
      executionArn,
      description,
      state: await createExecutionStore({ dynamodb, table: stores.state }).get(executionArn),
      grantId,
      sealed:
        grantId === undefined ? undefined : await seals.open({ executionArn, grantId, redriveCount: 0 }),
    };
  } finally {
    kms.destroy();
  }
}

/** Every grant the state table still tells of. */
export function grantsOf({ executions }: Aftermath): readonly Grant[] {
  return executions.flatMap(({ state }) => state?.grants ?? []);
}
