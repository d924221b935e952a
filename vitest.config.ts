import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    // More than two cores have work for: whole flows mostly wait for processes and queues.
    maxWorkers: 3,
    projects: [
      { test: { name: "unit", include: ["packages/**/*.test.ts"], testTimeout: 20_000 } },
      {
        test: {
          name: "system",
          include: ["test/**/*.test.ts"],
          // These need SST's components, which `npm run test:infra` installs first.
          exclude: ["test/infra/**"],
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
});
