import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/infra/**/*.test.ts"],
    globalSetup: "test/infra/stages.setup.ts",
    // Where tests wait for processes of their own, two of them may.
    maxConcurrency: 2,
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
});
