import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { root } from "./synth/place.ts";
import { synth } from "./synth/synth.ts";

// Beside the project's own configurations, from where their imports resolve.
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(root, "test/infra/configs/written-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const issuer = {
  issuer: "https://issuer.example",
  audience: "https://gate.example",
  profile: "rfc9068",
  client: { id: "countersign", secret: "countersign/oauth-client" },
  grantAudience: "https://steps.example",
};
const payout = { stateMachine: "payout", start: { scopes: ["payout:start"] } };

describe.concurrent("a configuration is refused when it is deployed,", () => {
  test.each([
    [
      "with an unknown field",
      { issuers: [issuer], workflows: { payout: { ...payout, scope: "x" } } },
      'countersign.config.ts: workflows.payout: unknown field "scope"',
    ],
    [
      "with two workflows on one state machine, by name and by ARN",
      {
        issuers: [issuer],
        workflows: {
          payout,
          again: { ...payout, stateMachine: "arn:aws:states:eu-west-1:123456789012:stateMachine:payout:2" },
        },
      },
      'countersign.config.ts: workflows.payout.stateMachine: "arn:aws:states:eu-west-1:123456789012:stateMachine:payout" already belongs to workflow "again"',
    ],
    [
      "with a state machine of another account",
      {
        issuers: [issuer],
        workflows: {
          payout: { ...payout, stateMachine: "arn:aws:states:eu-west-1:210987654321:stateMachine:payout" },
        },
      },
      'countersign.config.ts: workflows.payout.stateMachine: "arn:aws:states:eu-west-1:210987654321:stateMachine:payout" is not a state machine of account 123456789012 in eu-west-1',
    ],
    [
      "with an issuer on this machine",
      { issuers: [{ ...issuer, issuer: "http://127.0.0.1:9402" }], workflows: { payout } },
      'countersign.config.ts: issuers.0.issuer: "http://127.0.0.1:9402" is on this machine',
    ],
    [
      "with executions that outlive every token",
      {
        issuers: [{ ...issuer, maxTokenLifetime: "1h" }],
        workflows: { payout: { ...payout, limits: { executionTime: "2h" } } },
      },
      "countersign.config.ts: workflows.payout.limits.executionTime: 7200 s is longer than",
    ],
  ])("%s, with the line to mend", async (name, config, message) => {
    await expect(synth({ stage: "test", config: written(name, config) })).rejects.toThrow(message);
  });

  test("with more workflows than a role can name", async () => {
    await expect(synth({ stage: "test", config: "test/infra/configs/too-many.ts" })).rejects.toThrow(
      "policies beside its own, IAM attaches 10: register fewer workflows in this stage",
    );
  });

  test("as the demo has it, without an issuer to reach", async () => {
    await expect(
      synth({ stage: "test", environment: { COUNTERSIGN_ISSUER: "http://127.0.0.1:9402" } }),
    ).rejects.toThrow("is on this machine, expected one that deployed functions reach");
  });
});

test("a stage without workflows can be deployed ahead of them", async () => {
  const config = written("without workflows", { issuers: [issuer], workflows: {} });
  const { resources } = await synth({ stage: "test", config });
  expect(resources.filter(({ type }) => type === "aws:cloudwatch/eventRule:EventRule")).toEqual([]);
});

test("a function's name that IAM does not take fails before anything is made", async () => {
  await expect(synth({ stage: "a-stage-with-a-name-that-is-much-too-long" })).rejects.toThrow(
    /role name ".*" is longer than the 64 characters IAM takes: shorten the stage's name/,
  );
});

test.each([
  [{ COUNTERSIGN_DOMAIN_CERTIFICATE: "arn:aws:acm:eu-west-1:1:certificate/x" }, "name the domain too"],
  [{ COUNTERSIGN_EXAMPLE: "payouts" }, 'COUNTERSIGN_EXAMPLE is "payouts", expected "payout" or nothing'],
  [
    { COUNTERSIGN_REQUESTS_PER_SECOND: "many" },
    'COUNTERSIGN_REQUESTS_PER_SECOND is "many", expected a whole',
  ],
])("an option that makes no sense is refused: %o", async (environment, message) => {
  await expect(synth({ stage: "test", environment })).rejects.toThrow(message);
});

test("a domain without a certificate gets one, and its name in the zone of this account", async () => {
  const environment = { COUNTERSIGN_DOMAIN: "gate.example.com" };
  const { resources } = await synth({ stage: "test", environment });
  const made = resources.map(({ type }) => type);
  expect(made).toContain("aws:acm/certificate:Certificate");
  expect(made).toContain("aws:apigatewayv2/domainName:DomainName");
  expect(made).toContain("aws:route53/record:Record");
});

describe("the configuration beside each function's code", () => {
  test("is the validated one, without the people and clients of the demo", async () => {
    const { builds } = await synth({ stage: "test" });
    expect(builds.length).toBeGreaterThanOrEqual(9);
    const files = builds.map(({ copyFiles }) => copyFiles);
    for (const [file, ...others] of files) {
      expect(file).toMatchObject({ to: "countersign.config.json" });
      expect(others).toEqual([]);
    }
    const text = readFileSync(files[0]?.[0]?.from ?? "", "utf8");
    expect(JSON.parse(text)).toMatchObject({
      issuers: [{ issuer: "https://issuer.example" }],
      workflows: { payout: { limits: { tokenLifetime: 3600 }, agents: { maxDelegation: 1 } } },
      local: { stateMachines: {}, clients: {}, people: {} },
    });
    expect(text).not.toContain("Ada");
  });
});

function written(name: string, config: object): string {
  const file = join(folder, `${name.replaceAll(/\W/g, "-")}.ts`);
  writeFileSync(file, `export default ${JSON.stringify(config)};\n`);
  return relative(root, file);
}
