/** Where and as what this is deployed. */
export interface Stage {
  readonly name: string;
  readonly isProduction: boolean;
  readonly account: string;
  readonly region: string;
  readonly partition: string;
  readonly options: StageOptions;
}

/** What a deployment may choose, from its environment. */
export interface StageOptions {
  /** Host name of the API. */
  readonly domain?: string;
  /** ARN of its certificate; without one SST makes it, in a hosted zone of this account. */
  readonly certificate?: string;
  /** Whom alarms are mailed to. */
  readonly alarmEmail?: string;
  /** Requests a second, of all callers together. */
  readonly requestsPerSecond: number;
  /** Whether the example workflow is deployed beside. */
  readonly example: boolean;
}

/** The stage that is being deployed. */
export async function currentStage(): Promise<Stage> {
  const [{ accountId }, { region }, { partition }] = await Promise.all([
    aws.getCallerIdentity({}),
    aws.getRegion({}),
    aws.getPartition({}),
  ]);
  if (partition !== "aws") {
    throw new Error(`partition is "${partition}", expected "aws": names of state machines resolve to it`);
  }
  const isProduction = $app.protect === true;
  return {
    name: $app.stage,
    isProduction,
    account: accountId,
    region,
    partition,
    options: optionsFrom(process.env),
  };
}

function optionsFrom(environment: Readonly<Record<string, string | undefined>>): StageOptions {
  const domain = environment["COUNTERSIGN_DOMAIN"];
  const certificate = environment["COUNTERSIGN_DOMAIN_CERTIFICATE"];
  if (certificate && !domain) {
    throw new Error(
      "COUNTERSIGN_DOMAIN_CERTIFICATE is set and COUNTERSIGN_DOMAIN is not: name the domain too",
    );
  }
  const alarmEmail = environment["COUNTERSIGN_ALARM_EMAIL"];
  const rate = environment["COUNTERSIGN_REQUESTS_PER_SECOND"] ?? "100";
  if (!/^[1-9]\d{0,4}$/.test(rate)) {
    throw new Error(`COUNTERSIGN_REQUESTS_PER_SECOND is "${rate}", expected a whole number up to 99999`);
  }
  return {
    ...(domain && { domain }),
    ...(certificate && { certificate }),
    ...(alarmEmail && { alarmEmail }),
    requestsPerSecond: Number(rate),
    example: exampleFrom(environment["COUNTERSIGN_EXAMPLE"] ?? "none"),
  };
}

function exampleFrom(name: string): boolean {
  if (!["none", "payout"].includes(name)) {
    throw new Error(`COUNTERSIGN_EXAMPLE is "${name}", expected "payout" or nothing`);
  }
  return name === "payout";
}

/** A name that is told ahead, so that a policy can name what does not exist yet. */
export function named(stage: Stage, part: string): string {
  return `${$app.name}-${stage.name}-${part}`;
}

/** A role's name: roles are the account's, not the region's. */
export function roleName(stage: Stage, part: string): string {
  const name = `${$app.name}-${stage.name}-${stage.region}-${part}`;
  if (name.length > 64) {
    throw new Error(
      `role name "${name}" is longer than the 64 characters IAM takes: shorten the stage's name`,
    );
  }
  return name;
}

/** ARN of such a role. */
export function roleArn(stage: Stage, part: string): string {
  return `arn:${stage.partition}:iam::${stage.account}:role/${roleName(stage, part)}`;
}

/** What must outlive a removal from the program, in production. */
export function kept(stage: Stage): { retainOnDelete: boolean } {
  return { retainOnDelete: stage.isProduction };
}
