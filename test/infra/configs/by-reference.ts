import { defineConfig } from "@countersign/core/config/config";
import own from "../../../countersign.config.ts";

/** The project's own, with people by reference. */
export default defineConfig({ ...own, subjects: "pseudonym" });
