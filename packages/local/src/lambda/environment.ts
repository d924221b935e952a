import { randomUUID } from "node:crypto";
import { devNull } from "node:os";
import { basename, dirname, extname } from "node:path";
import { region } from "../wire/account.ts";

/** What {@link lambdaEnvironment} needs to know of a function. */
export interface EnvironmentOf {
  name: string;
  entry: string;
  handler: string;
  environment: Readonly<Record<string, string>>;
}

/**
 * The whole environment of a function's thread: Lambda's own variables, then the function's.
 *
 * Nothing is inherited from this process, and the AWS configuration files of whoever runs it are hidden,
 * so that no credential or setting of theirs can reach a function.
 *
 * See https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html.
 */
export function lambdaEnvironment({ name, entry, handler, environment }: EnvironmentOf): NodeJS.ProcessEnv {
  const day = new Date().toISOString().slice(0, 10).replaceAll("-", "/");
  return {
    AWS_ACCESS_KEY_ID: "embedded",
    AWS_SECRET_ACCESS_KEY: "embedded",
    AWS_CONFIG_FILE: devNull,
    AWS_SHARED_CREDENTIALS_FILE: devNull,
    AWS_REGION: region,
    AWS_DEFAULT_REGION: region,
    AWS_EXECUTION_ENV: "AWS_Lambda_nodejs24.x",
    AWS_LAMBDA_FUNCTION_NAME: name,
    AWS_LAMBDA_FUNCTION_VERSION: "$LATEST",
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: "1024",
    AWS_LAMBDA_INITIALIZATION_TYPE: "on-demand",
    AWS_LAMBDA_LOG_GROUP_NAME: `/aws/lambda/${name}`,
    AWS_LAMBDA_LOG_STREAM_NAME: `${day}/[$LATEST]${randomUUID().replaceAll("-", "")}`,
    LAMBDA_TASK_ROOT: dirname(entry),
    TZ: ":UTC",
    _HANDLER: `${basename(entry, extname(entry))}.${handler}`,
    ...environment,
  };
}
