/** What the command's exit code says; part of its contract. */
export const exitCodes = {
  ok: 0,
  unexpected: 1,
  usage: 2,
  refused: 3,
  unavailable: 4,
  notSucceeded: 5,
  interrupted: 130,
} as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** Each exit code in words, for the help. */
export const exitCodeMeanings: Readonly<Record<ExitCode, string>> = {
  0: "done",
  1: "an error nobody foresaw",
  2: "typed wrong: an option, an argument, the input, or a value the API does not take",
  3: "refused: the token, its scope, the policy, or nothing there that is yours",
  4: "not reachable: the API, the identity provider or the embedded runtime",
  5: "the execution that was waited for did not succeed",
  130: "interrupted while waiting; the execution goes on",
};
