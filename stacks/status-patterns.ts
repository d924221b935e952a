/** What EventBridge takes of one pattern. */
const maxPatternLength = 2048;

/**
 * Patterns of the status changes of these state machines and of their distributed Maps' children: as few as hold
 * them all, filled in the order given, so that one more workflow changes the last rule or adds one.
 */
export function statusPatterns(stateMachineArns: readonly string[]) {
  const groups: string[][] = [];
  for (const arn of stateMachineArns) {
    const last = groups.at(-1);
    if (last && JSON.stringify(patternOf([...last, arn])).length <= maxPatternLength) last.push(arn);
    else groups.push([arn]);
  }
  return groups.map(patternOf);
}

function patternOf(stateMachineArns: readonly string[]) {
  return {
    source: ["aws.states"],
    "detail-type": ["Step Functions Execution Status Change"],
    detail: { stateMachineArn: stateMachineArns.flatMap((arn) => [arn, { prefix: `${arn}/` }]) },
  };
}
