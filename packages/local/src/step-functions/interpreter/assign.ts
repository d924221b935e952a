import { fillTemplate } from "../expression/payload-template.ts";
import type { Json, JsonObject } from "../json.ts";
import { checkVariableSizes } from "./limits.ts";
import { pathScope, query, type StateScope } from "./scope.ts";

/**
 * Evaluates an `Assign` field.
 *
 * All values see the variables as they were before the state.
 *
 * @param data what `$` is in JSONPath
 * @param extra what `$states` holds besides input and context in JSONata
 */
export async function assignVariables(
  scope: StateScope,
  assign: JsonObject | undefined,
  data: Json,
  extra: Readonly<JsonObject>,
): Promise<JsonObject | undefined> {
  if (assign === undefined) return undefined;
  const assigned = (
    scope.language === "JSONata"
      ? await query(scope, assign, "Assign", extra)
      : fillTemplate(assign, pathScope(scope, data))
  ) as JsonObject;
  checkVariableSizes(assigned, scope.variables, scope.name);
  return assigned;
}
