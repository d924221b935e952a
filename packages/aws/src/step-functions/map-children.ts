/**
 * Whether a definition has a distributed Map whose children are executions that can be listed: Express ones leave
 * neither events nor descriptions.
 */
export function definesMapChildren(definition: string | undefined): boolean {
  return holdsDistributedMap(JSON.parse(definition ?? "{}"));
}

function holdsDistributedMap(node: unknown): boolean {
  if (typeof node !== "object" || node === null) return false;
  const { ProcessorConfig: config } = node as {
    ProcessorConfig?: { readonly Mode?: unknown; readonly ExecutionType?: unknown };
  };
  if (config?.Mode === "DISTRIBUTED" && config.ExecutionType !== "EXPRESS") return true;
  return Object.values(node).some(holdsDistributedMap);
}
