/** The setting that names a DynamoDB endpoint to use in place of the embedded engine. */
export const endpointSetting = "COUNTERSIGN_DYNAMODB_ENDPOINT";
