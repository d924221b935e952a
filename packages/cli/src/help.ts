import { exitCodeMeanings, exitCodes } from "./output/exit-codes.ts";

const allCodes = Object.keys(exitCodeMeanings).map(Number) as (keyof typeof exitCodeMeanings)[];

/** What stands under the program's options: words, where things come from, examples, exit codes. */
export const programHelp = `
Words:
  subject      whom an access token speaks for: its issuer and its sub together
  grant        what the gate allowed one execution: subject, client, scopes, role, until when
  ledger       the append-only record of what happened; an entry is one fact in it
  attribution  how an execution came about: gate, child (of an attributed one), trusted_starter,
               or unattributed, when nobody answers for it
  dead letter  a message that was given up on after all its tries

API and token:
  API    --api, else COUNTERSIGN_API, else that of the embedded runtime (.countersign/runtime.json)
  token  --token-file, else COUNTERSIGN_TOKEN, else one that the embedded provider gives by itself
  No option takes the token itself, since other users could read it in the list of processes.

Examples:
  countersign up --story
  countersign start payout --input '{"amount": 4200}' --wait
  countersign audit --workflow payout --since 15m

Exit codes:
${exitCodeLines(allCodes)}

Colours are left out when the output is not a terminal, or NO_COLOR is set.`;

interface Help {
  readonly examples: readonly string[];
  /** Codes beside those that any command may end with. */
  readonly exitCodes?: readonly (keyof typeof exitCodeMeanings)[];
}

const arn = "arn:aws:states:us-east-1:000000000000:execution:payout:cs-4f1d";

const helps: Readonly<Record<string, Help>> = {
  token: {
    examples: [
      "TOKEN=$(countersign token --client payments-app)",
      "countersign token --client operator --scope operations:write audit:read",
    ],
  },
  start: {
    examples: [
      `countersign start payout --input '{"amount": 4200}' --wait`,
      "countersign start payout --input-file payout.json --idempotency-key invoice-1207",
      "jq .payout order.json | countersign start payout --input-file - --json",
    ],
    exitCodes: [exitCodes.notSucceeded, exitCodes.interrupted],
  },
  status: { examples: [`countersign status ${arn}`] },
  stop: { examples: [`countersign stop ${arn} --reason "wrong account"`] },
  audit: {
    examples: [
      "countersign audit --workflow payout --since 15m",
      "countersign audit --outcome denied --since 7d --all --json | jq .clientId",
      "countersign audit --subject https://login.example.com alice",
      "countersign audit --attribution unattributed --follow",
    ],
  },
  "dead-letters": { examples: ["countersign dead-letters list", "countersign dead-letters redrive"] },
  "dead-letters list": { examples: ["countersign dead-letters list --json | jq -r .id"] },
  "dead-letters redrive": {
    examples: ["countersign dead-letters redrive", "countersign dead-letters redrive 2f0c9a5e 77ab01de"],
  },
  erase: { examples: ["countersign erase --subject https://login.example.com alice --yes"] },
  up: {
    examples: ["countersign up", "countersign up --story --port 19400 --state-dir /tmp/countersign"],
  },
};

const common = [
  exitCodes.ok,
  exitCodes.unexpected,
  exitCodes.usage,
  exitCodes.refused,
  exitCodes.unavailable,
];

/** What stands under one command's options. */
export function commandHelp(path: string): string {
  const help = helps[path];
  if (!help) throw new TypeError(`the command ${path} has no help`);
  const examples = help.examples.map((line) => `  ${line}`).join("\n");
  const codes =
    path === "up"
      ? "\n  the embedded runtime's own"
      : `\n${exitCodeLines([...common, ...(help.exitCodes ?? [])])}`;
  return `\nExamples:\n${examples}\n\nExit codes:${codes}`;
}

function exitCodeLines(codes: readonly (keyof typeof exitCodeMeanings)[]): string {
  return codes.map((code) => `  ${String(code).padEnd(5)}${exitCodeMeanings[code]}`).join("\n");
}
