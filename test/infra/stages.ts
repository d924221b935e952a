import { join } from "node:path";
import { arn, root } from "./synth/place.ts";
import type { SynthOptions } from "./synth/synth.ts";

/** The stages that tests look at. */
export const stages = {
  prod: { stage: "prod" },
  dev: { stage: "dev" },
  withExample: { stage: "trial", environment: { COUNTERSIGN_EXAMPLE: "payout" } },
  byReference: { stage: "by-reference", config: "test/infra/configs/by-reference.ts" },
  many: { stage: "many", config: "test/infra/configs/many.ts" },
  atDomain: {
    stage: "production",
    environment: {
      COUNTERSIGN_DOMAIN: "gate.example.com",
      COUNTERSIGN_DOMAIN_CERTIFICATE: arn("acm", "certificate/one"),
      COUNTERSIGN_ALARM_EMAIL: "on-call@example.com",
      COUNTERSIGN_REQUESTS_PER_SECOND: "500",
    },
  },
} satisfies Record<string, SynthOptions>;

export type StageName = keyof typeof stages;

/** Where a stage is kept once it is evaluated. */
export function stageFile(name: StageName): string {
  return join(root, ".sst/infra-test", `${name}.json`);
}
