import { kept, roleArn, type Stage } from "./stage.ts";

/** A statement of a resource's own policy. */
export interface KeyStatement {
  readonly Sid: string;
  readonly Effect?: "Allow" | "Deny";
  readonly Principal: object | "*";
  readonly Action: readonly string[];
  readonly Condition: Record<string, Record<string, $util.Input<string> | $util.Input<string>[]>>;
}

/** What the account's administrators may do with any key: all but use it. */
const administration = [
  ...["kms:CancelKeyDeletion", "kms:DescribeKey", "kms:DisableKey", "kms:EnableKey", "kms:EnableKeyRotation"],
  ...["kms:GetKeyPolicy", "kms:GetKeyRotationStatus", "kms:ListKeyPolicies", "kms:ListResourceTags"],
  ...["kms:ListKeyRotations", "kms:PutKeyPolicy", "kms:ScheduleKeyDeletion", "kms:TagResource"],
  ...[
    "kms:UntagResource",
    "kms:UpdateKeyDescription",
    "kms:CreateAlias",
    "kms:DeleteAlias",
    "kms:UpdateAlias",
  ],
];

/** A customer-managed key that rotates by itself every year. */
export function createKey(
  stage: Stage,
  name: string,
  description: string,
  statements: readonly KeyStatement[],
): aws.kms.Key {
  const Principal = { AWS: `arn:${stage.partition}:iam::${stage.account}:root` };
  const administrators = {
    Sid: "Administration",
    Effect: "Allow",
    Principal,
    Action: administration,
    Resource: "*",
  };
  const key = new aws.kms.Key(
    name,
    {
      description: `Countersign ${stage.name}: ${description}`,
      enableKeyRotation: true,
      deletionWindowInDays: 30,
      policy: $jsonStringify({
        Version: "2012-10-17",
        Statement: [
          administrators,
          ...statements.map((statement) => ({ Effect: "Allow", ...statement, Resource: "*" })),
        ],
      }),
    },
    kept(stage),
  );
  new aws.kms.Alias(`${name}Alias`, {
    name: `alias/${$app.name}/${stage.name}/${name.replace(/Key$/, "").toLowerCase()}`,
    targetKeyId: key.keyId,
  });
  return key;
}

/** Use of a key by this stage's functions, by way of one AWS service and no other. */
export function byFunctionsThrough(
  stage: Stage,
  service: "dynamodb" | "sqs" | "secretsmanager",
  actions: readonly string[],
): KeyStatement {
  return {
    Sid: "Functions",
    Principal: { AWS: "*" },
    Action: actions,
    Condition: {
      StringEquals: {
        "kms:CallerAccount": stage.account,
        "kms:ViaService": `${service}.${stage.region}.amazonaws.com`,
      },
      ArnLike: { "aws:PrincipalArn": roleArn(stage, "*") },
    },
  };
}

/** Use of a key by whoever operates this account, by way of one AWS service: as their own policies allow. */
export function byOperatorsThrough(
  stage: Stage,
  service: "dynamodb" | "sqs" | "secretsmanager",
  actions: readonly string[],
): KeyStatement {
  return {
    Sid: "Operators",
    Principal: { AWS: `arn:${stage.partition}:iam::${stage.account}:root` },
    Action: actions,
    Condition: {
      StringEquals: {
        "kms:CallerAccount": stage.account,
        "kms:ViaService": `${service}.${stage.region}.amazonaws.com`,
      },
    },
  };
}
