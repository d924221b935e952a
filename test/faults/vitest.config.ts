import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    name: "faults",
    include: ["test/faults/**/*.faults.ts"],
    testTimeout: 600_000,
    hookTimeout: 60_000,
    // The processes of the functions have the cores to themselves.
    maxWorkers: 1,
  },
});
