import { defineConfig } from "@countersign/core/config/config";

export default defineConfig({
  issuers: [
    {
      issuer: process.env["COUNTERSIGN_ISSUER"] ?? "http://127.0.0.1:9402",
      audience: "https://countersign.example/api",
      profile: "rfc9068",
      opaqueTokens: true,
      client: { id: "countersign", secret: "countersign/oauth-client" },
      grantAudience: "https://countersign.example/steps",
      claims: { record: ["tenant"], personal: ["name", "email"] },
    },
  ],

  workflows: {
    payout: {
      stateMachine: "payout",
      start: { scopes: ["payout:start"] },
      roles: { admin: { scopes: ["payout:admin"] }, app: { scopes: ["payout:start"] } },
      limits: { tokenLifetime: "1h", startsPerMinute: 600 },
      agents: { allow: true, maxDelegation: 1 },
    },
  },

  local: {
    stateMachines: {
      payout: {
        definition: "examples/payout/payout.asl.json",
        functions: {
          "payout-check": "examples/payout/check.ts",
          "payout-charge": "examples/payout/charge.ts",
        },
      },
    },
    clients: {
      "payments-app": { scopes: ["payout:start"] },
      "reports-app": { scopes: ["reports:read"] },
      "billing-agent": { scopes: ["payout:start"], agent: true },
      auditor: { scopes: ["audit:read"] },
      operator: { scopes: ["operations:write", "audit:read"] },
    },
    people: { ada: { name: "Ada Quill", email: "ada@example.com" } },
  },
});
