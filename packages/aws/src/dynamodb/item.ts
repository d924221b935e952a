import type { AttributeValue } from "@aws-sdk/client-dynamodb";

/** An item as DynamoDB's low-level API carries it. */
export type Item = Record<string, AttributeValue>;
