import {
  DescribeExecutionCommand,
  type DescribeExecutionCommandOutput,
  DescribeMapRunCommand,
  ExecutionAlreadyExists,
  type SFNClient,
  StartExecutionCommand,
  StopExecutionCommand,
} from "@aws-sdk/client-sfn";
import { OutcomeUnknownError, RefusedError } from "@countersign/core/error/errors";
import type {
  ExecutionDescription,
  ExecutionReader,
  ExecutionStarter,
  ExecutionStopper,
  StartOutcome,
} from "@countersign/core/execution/step-functions";
import { failureName, isThrottle, isTransient, orUnavailable, unavailable } from "../sdk-error.ts";
import { answered, unlessUnknown } from "./answers.ts";
import { historyHoldsStart } from "./nested-start.ts";

/** The Step Functions client; its calls are retried by the SDK. */
export interface StepFunctionsSource {
  readonly sfn: SFNClient;
}

/**
 * Starts executions. StartExecution answers a repeated name and input with the same, running execution,
 * so that the SDK's retries and ours are harmless.
 *
 * A start that was throttled in every try is known not to have happened: it is {@link UnavailableError}.
 *
 * {@link https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html}
 */
export function createExecutionStarter({ sfn }: StepFunctionsSource): ExecutionStarter {
  return { start: (request) => start(sfn, request) };
}

/**
 * Looks at executions by DescribeExecution, at a Map's children by DescribeMapRun, and at who started a nested
 * execution by GetExecutionHistory.
 */
export function createExecutionReader({ sfn }: StepFunctionsSource): ExecutionReader {
  return {
    async describe(executionArn) {
      const found = await describe(sfn, executionArn);
      return found && descriptionOf(found);
    },

    async mapParent(executionArn) {
      const mapRunArn = (await describe(sfn, executionArn))?.mapRunArn;
      if (mapRunArn === undefined) return undefined;
      const run = await orUnavailable(sfn.send(new DescribeMapRunCommand({ mapRunArn })), "Step Functions");
      return run.executionArn;
    },

    async hasStarted(parent, child, within) {
      return (await unlessUnknown(historyHoldsStart(sfn, parent, child, within))) ?? false;
    },
  };
}

/** Stops executions, after a look whether they still run: StopExecution does not tell. */
export function createExecutionStopper({ sfn }: StepFunctionsSource): ExecutionStopper {
  return {
    async stop(executionArn, { error, cause }) {
      if ((await describe(sfn, executionArn))?.status !== "RUNNING") return false;
      const command = new StopExecutionCommand({ executionArn, error, cause });
      const stopped = await unlessUnknown(orUnavailable(sfn.send(command), "Step Functions"));
      return stopped !== undefined;
    },
  };
}

async function start(
  sfn: SFNClient,
  { startArn, name, input }: { startArn: string; name: string; input: string },
): Promise<StartOutcome> {
  const command = new StartExecutionCommand({ stateMachineArn: startArn, name, input });
  const tries = watchTries(command);
  try {
    const started = await sfn.send(command);
    return {
      started: true,
      executionArn: answered(started, "executionArn"),
      startDate: answered(started, "startDate").getTime(),
    };
  } catch (error) {
    // An earlier try may have got through, whatever the last one was answered: even that the name exists,
    // for a short execution may have ended by then.
    const isUnknown = tries.wasSent && [...tries.failures, error].some((failure) => !isDenial(failure));
    if (isUnknown) throw outcomeUnknown(error);
    if (error instanceof ExecutionAlreadyExists) return { started: false, reason: "exists" };
    throw startFailure(error);
  }
}

function startFailure(error: unknown): unknown {
  if (isThrottle(error)) return unavailable("Step Functions", error);
  if (!isAnswer(error)) return error;
  return new RefusedError("execution.start_refused", `Step Functions refused: ${failureName(error)}`, {
    cause: error,
  });
}

function outcomeUnknown(cause: unknown): OutcomeUnknownError {
  return new OutcomeUnknownError(
    "store.unavailable",
    `Step Functions did not say whether it started: ${failureName(cause)}`,
    { cause },
  );
}

/** Whether Step Functions said that it did not start; an answer that can't be read says nothing. */
function isDenial(failure: unknown): boolean {
  return isThrottle(failure) || (isAnswer(failure) && !isTransient(failure));
}

/** Whether Step Functions itself answered, as against a bug or missing credentials on our side. */
function isAnswer(error: unknown): boolean {
  return (error as { $fault?: string } | null)?.$fault === "client";
}

/** How the tries of a command failed, of which the SDK's retries show only the last, and whether any was sent. */
interface Tries {
  readonly failures: readonly unknown[];
  readonly wasSent: boolean;
}

function watchTries(command: StartExecutionCommand): Tries {
  const failures: unknown[] = [];
  const tries = { failures, wasSent: false };
  command.middlewareStack.add(
    (next) => async (args) => {
      try {
        return await next(args);
      } catch (error) {
        failures.push(error);
        throw error;
      }
    },
    // Low priority puts it inside the SDK's retry, so that it sees every try.
    { step: "finalizeRequest", priority: "low", name: "watchFailures" },
  );
  command.middlewareStack.add(
    (next) => (args) => {
      tries.wasSent = true;
      return next(args);
    },
    // Next to the connection: what fails before it, a lack of credentials for one, was never sent.
    { step: "deserialize", priority: "low", name: "watchSends" },
  );
  return tries;
}

function describe(sfn: SFNClient, executionArn: string): Promise<DescribeExecutionCommandOutput | undefined> {
  const command = new DescribeExecutionCommand({ executionArn });
  return unlessUnknown(orUnavailable(sfn.send(command), "Step Functions"));
}

function descriptionOf(found: DescribeExecutionCommandOutput): ExecutionDescription {
  return {
    executionArn: answered(found, "executionArn"),
    stateMachineArn: answered(found, "stateMachineArn"),
    status: answered(found, "status"),
    startDate: answered(found, "startDate").getTime(),
    ...(found.stopDate && { stopDate: found.stopDate.getTime() }),
    redriveCount: found.redriveCount ?? 0,
    ...(found.error !== undefined && { error: found.error }),
    ...(found.input !== undefined && { input: found.input }),
  };
}
