import type { Subject } from "../entry/entry.ts";
import type { VerifiedToken } from "../token/verified-token.ts";
import type { Workflow } from "./workflow.ts";

/** How many starts a workflow, or one client or subject in it, has in a minute. */
export interface StartBudget {
  readonly of: "workflow" | "client" | "subject";
  /** Names the budget among all; the same for the same workflow, client or subject. */
  readonly key: string;
  readonly perMinute: number;
}

/** Counts starts within a minute, across every gate. */
export interface StartRate {
  /**
   * Takes one start from each budget of this minute; where one has none left, the others get theirs back.
   *
   * @throws {RefusedError} `policy.start_rate_exceeded` with the seconds until the next minute.
   * @throws {UnavailableError} `store.unavailable`.
   */
  take(budgets: readonly StartBudget[]): Promise<TakenStarts>;
}

/** Starts that were taken from their budgets. */
export interface TakenStarts {
  /** Gives them back, for a start that is none after all; one that can't be given back stays counted. */
  giveBack(): Promise<void>;
}

/** The budgets a start is counted in: those that the workflow's policy limits. */
export function startBudgets(token: VerifiedToken, { name, limits }: Workflow): StartBudget[] {
  const { iss, sub } = token.subject;
  const all = [
    { of: "workflow", parts: [], perMinute: limits.startsPerMinute },
    { of: "client", parts: [iss, token.clientId], perMinute: limits.startsPerMinuteOfClient },
    { of: "subject", parts: [iss, sub], perMinute: limits.startsPerMinuteOfSubject },
  ] as const;
  return all.flatMap(({ of, parts, perMinute }) =>
    perMinute === undefined ? [] : [{ of, key: JSON.stringify([of, name, ...parts]), perMinute }],
  );
}

/** Remembers tokens that may be used for one start alone. */
export interface TokenUses {
  /**
   * Takes the token for one execution; a repeat for the same execution is a success.
   *
   * @throws {RefusedError} `token.replayed` when another execution has it.
   * @throws {UnavailableError} `store.unavailable`.
   */
  take(use: TokenUse): Promise<void>;
}

export interface TokenUse {
  readonly fingerprint: string;
  readonly executionArn: string;
  /** Epoch milliseconds; after it the token is refused anyway. */
  readonly until: number;
}

/** Tokens that are refused though their provider may still call them active. */
export interface DenyList {
  /** Denies until `until` (epoch milliseconds), when the token ends by itself. Safe to repeat. */
  deny(fingerprint: string, until: number): Promise<void>;
}

/** Who may be blocked: any one of them stops a start. */
export interface BlockQuery {
  readonly subject: Subject;
  readonly clientId: string;
  readonly workflow: string;
  readonly fingerprint: string;
}

/** Reads the block and deny lists. */
export interface BlockList {
  /** What is blocked of the query, or undefined; a consistent read. @throws {UnavailableError} `store.unavailable`. */
  find(query: BlockQuery): Promise<keyof BlockQuery | undefined>;
}
