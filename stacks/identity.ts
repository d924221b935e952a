import type { Workflow } from "@countersign/core/policy/workflow";
import { byFunctionsThrough, byOperatorsThrough, createKey, type KeyStatement } from "./key.ts";
import { executionsOf } from "./permissions.ts";
import type { Registry } from "./registry.ts";
import { kept, roleArn, type Stage } from "./stage.ts";

export type Identity = ReturnType<typeof createIdentity>;

/** Functions that verify callers' tokens, and so know people's references where the configuration has any. */
const verifying = ["gate", "executions", "audit", "dead-letters", "subjects"] as const;

/**
 * Secrets and the key of seals. Values are put by people, once, so that none stands in the state of a deployment.
 *
 * The key of seals can be used by the roles it names alone: administrators of the account may change that, which is
 * seen, but their own policies do not open a seal.
 */
export function createIdentity(stage: Stage, { config, workflows }: Registry) {
  const isPseudonymous = config.subjects === "pseudonym";
  const secretsKey = createKey(stage, "SecretsKey", "secrets", [
    byFunctionsThrough(stage, "secretsmanager", ["kms:Decrypt"]),
    byOperatorsThrough(stage, "secretsmanager", ["kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey"]),
  ]);
  const keysSecret = createSecret(
    stage,
    "GateKeys",
    `${$app.name}/${stage.name}/gate-keys`,
    "keys of execution names, references and token fingerprints; never replace their value",
    secretsKey,
  );
  const names = [...new Set(config.issuers.map(({ client }) => client.secret))];
  const created = names
    .filter((name) => !name.startsWith("arn:"))
    .map((name, index) =>
      createSecret(
        stage,
        `ClientSecret${index + 1}`,
        name,
        "secret of Countersign's own OAuth client",
        secretsKey,
      ),
    );
  return {
    isPseudonymous,
    keysSecret,
    createdSecretNames: created.map(({ name }) => name),
    /** ARNs of the secrets of Countersign's own OAuth clients. */
    clientSecrets: [...created.map(({ arn }) => arn), ...names.filter((name) => name.startsWith("arn:"))],
    sealKey: createKey(stage, "SealsKey", "seals of grant tokens, keys of subjects", [
      ...(workflows.length > 0 ? [sealing(stage, workflows)] : []),
      unsealing(stage),
      personalData(stage, isPseudonymous ? verifying : ["gate"]),
    ]),
  };
}

function createSecret(
  stage: Stage,
  logicalName: string,
  name: string,
  description: string,
  key: aws.kms.Key,
) {
  return new aws.secretsmanager.Secret(
    logicalName,
    {
      name,
      description: `Countersign ${stage.name}: ${description}`,
      kmsKeyId: key.arn,
      // A stage that goes away whole must be able to come back under its names.
      recoveryWindowInDays: stage.isProduction ? 30 : 0,
    },
    kept(stage),
  );
}

function sealing(stage: Stage, workflows: readonly Workflow[]): KeyStatement {
  return {
    ...directUse("Seal", stage, ["gate"], ["kms:GenerateDataKey"]),
    Condition: {
      ...isRole(stage, ["gate"]),
      StringLike: { "kms:EncryptionContext:executionArn": workflows.flatMap(executionsOf) },
      ...contextOf(["executionArn", "redriveCount"]),
    },
  };
}

/** Of any execution of the account: a workflow may have been taken out of the configuration since. */
function unsealing(stage: Stage): KeyStatement {
  const executions = `arn:${stage.partition}:states:${stage.region}:${stage.account}:execution:*`;
  return {
    ...directUse("Unseal", stage, ["revoker"], ["kms:Decrypt"]),
    Condition: {
      ...isRole(stage, ["revoker"]),
      StringLike: { "kms:EncryptionContext:executionArn": executions },
      ...contextOf(["executionArn", "redriveCount"]),
    },
  };
}

function personalData(stage: Stage, functions: readonly string[]): KeyStatement {
  const { StringEquals, ...role } = isRole(stage, functions);
  return {
    ...directUse("PersonalData", stage, functions, ["kms:Decrypt", "kms:GenerateDataKey"]),
    Condition: {
      ...role,
      StringEquals: { ...StringEquals, "kms:EncryptionContext:purpose": "personal-data" },
      ...contextOf(["purpose", "subject"]),
    },
  };
}

function directUse(
  Sid: string,
  stage: Stage,
  functions: readonly string[],
  actions: readonly string[],
): KeyStatement {
  return { Sid, Principal: { AWS: "*" }, Action: actions, Condition: isRole(stage, functions) };
}

/** By name, for a key can't wait for the roles whose functions are told its id. */
function isRole(stage: Stage, functions: readonly string[]) {
  return {
    StringEquals: { "kms:CallerAccount": stage.account },
    ArnEquals: { "aws:PrincipalArn": functions.map((name) => roleArn(stage, name)) },
  };
}

function contextOf(keys: string[]) {
  return { "ForAllValues:StringEquals": { "kms:EncryptionContextKeys": keys } };
}
