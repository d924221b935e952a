import { defineConfig } from "@countersign/core/config/config";

/** More than one rule holds, with versions, aliases, people by reference and a secret of somebody else's making. */
const names = Array.from({ length: 59 }, (_, index) => `workflow-with-quite-a-long-name-number-${index}`);

export default defineConfig({
  subjects: "pseudonym",
  issuers: [
    {
      issuer: "https://issuer.example",
      audience: "https://countersign.example/api",
      profile: "rfc9068",
      client: {
        id: "countersign",
        secret: "arn:aws:secretsmanager:eu-west-1:123456789012:secret:brought-along-AbCdEf",
      },
      grantAudience: "https://countersign.example/steps",
    },
  ],
  workflows: {
    versioned: {
      stateMachine: "arn:aws:states:eu-west-1:123456789012:stateMachine:payments:7",
      start: { scopes: ["payments:start"] },
    },
    ...Object.fromEntries(
      names.map((name) => [name, { stateMachine: name, start: { scopes: ["any:start"] } }]),
    ),
  },
});
