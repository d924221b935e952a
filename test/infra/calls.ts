const services: Readonly<Record<string, string>> = {
  ...of("dynamodb", ["BatchGetItem", "DeleteItem", "GetItem", "PutItem", "Query", "UpdateItem"]),
  ...of("kms", ["Decrypt", "GenerateDataKey"]),
  ...of("secretsmanager", ["GetSecretValue"]),
  ...of("sqs", ["ChangeMessageVisibility", "DeleteMessage", "ReceiveMessage", "SendMessage"]),
  ...of("states", ["DescribeExecution", "DescribeMapRun", "GetExecutionHistory", "ListExecutions"]),
  ...of("states", ["DescribeStateMachine", "ListMapRuns", "StartExecution", "StopExecution"]),
};

/** The actions that our own code in a bundle calls for; a bundle that is not minified says which file a line is of. */
export function callsIn(bundle: string): Set<string> {
  const own = bundle.split(/^\/\/ (?=\S+\.[cm]?[jt]s$)/m).filter((part) => part.startsWith("packages/"));
  const commands = own.flatMap((part) =>
    [...part.matchAll(/new (\w+?)Command\d*\(/g)].map(([, name = ""]) => name),
  );
  return new Set(commands.map(actionOf));
}

/** A batch of one action is checked as that action, where IAM knows no other. */
function actionOf(command: string): string {
  const action = command === "ChangeMessageVisibilityBatch" ? "ChangeMessageVisibility" : command;
  const service = services[action];
  if (service) return `${service}:${action}`;
  throw new Error(`command ${command} is not known here: add its service`);
}

function of(service: string, actions: string[]): Record<string, string> {
  return Object.fromEntries(actions.map((action) => [action, service]));
}
