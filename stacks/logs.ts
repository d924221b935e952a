import { createKey } from "./key.ts";
import { kept, type Stage } from "./stage.ts";

export type Logs = ReturnType<typeof createLogs>;

const retentionInDays = 90;

/** Log groups of a stage, each under its own name and one key. */
export function createLogs(stage: Stage) {
  const { partition, region, account } = stage;
  const groups = (prefix: string) => `arn:${partition}:logs:${region}:${account}:log-group:${prefix}/*`;
  const [functions, api] = [`/${$app.name}/${stage.name}`, `/aws/vendedlogs/${$app.name}/${stage.name}`];
  const key = createKey(stage, "LogsKey", "logs", [
    {
      Sid: "CloudWatchLogs",
      Principal: { Service: `logs.${region}.amazonaws.com` },
      Action: ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"],
      Condition: { ArnLike: { "kms:EncryptionContext:aws:logs:arn": [groups(functions), groups(api)] } },
    },
  ]);
  return {
    nameOf: (name: string) => `${functions}/${name}`,
    /** The log group of a function. */
    ofFunction: (name: string, logicalName: string) =>
      new aws.cloudwatch.LogGroup(
        `${logicalName}Logs`,
        { name: `${functions}/${name}`, retentionInDays, kmsKeyId: key.arn },
        kept(stage),
      ),
    /** Settings of the API's access log, whose group SST makes. */
    ofApi: { name: `${api}/api`, retentionInDays, kmsKeyId: key.arn },
  };
}
