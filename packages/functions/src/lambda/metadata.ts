import { deployedConfig } from "../composition/settings.ts";
import { createLogger } from "../logging/logger.ts";
import { metadataHandler } from "../metadata/handler.ts";

export const handler = metadataHandler(deployedConfig(process.env), createLogger("metadata"));
