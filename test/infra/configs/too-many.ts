import { defineConfig } from "@countersign/core/config/config";
import many from "./many.ts";

const names = Array.from({ length: 400 }, (_, index) => `workflow-number-${index}`);

export default defineConfig({
  ...many,
  workflows: Object.fromEntries(
    names.map((name) => [name, { stateMachine: name, start: { scopes: ["any:start"] } }]),
  ),
});
