import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/infra/**/*.test.ts"],
    globalSetup: "test/infra/stages.setup.ts",
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
});
