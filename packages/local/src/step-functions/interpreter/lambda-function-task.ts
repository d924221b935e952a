import type { Json } from "../json.ts";
import { notTruncated, present } from "./history-event.ts";
import { callLambda } from "./lambda-call.ts";
import type { Task } from "./task.ts";

/** A Task whose `Resource` is the ARN of a Lambda function. */
export function directLambdaTask(functionArn: string, input: Json): Task {
  return {
    subject: functionArn,
    started: { type: "LambdaFunctionStarted", details: null },
    scheduled: (timeoutInSeconds) => ({
      type: "LambdaFunctionScheduled",
      details: present({
        resource: functionArn,
        input: JSON.stringify(input),
        inputDetails: notTruncated,
        timeoutInSeconds,
      }),
    }),
    succeeded: (result) => ({
      type: "LambdaFunctionSucceeded",
      details: { output: JSON.stringify(result), outputDetails: notTruncated },
    }),
    failed: (how, details) => ({ type: `LambdaFunction${how}`, details }),
    call: ({ run }) => callLambda(run.invokeFunction, functionArn, input),
  };
}
