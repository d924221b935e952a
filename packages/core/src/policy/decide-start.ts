import { RefusedError } from "../error/errors.ts";
import type { VerifiedToken } from "../token/verified-token.ts";
import type { Workflow } from "./workflow.ts";

/** What policy allows a verified token in a workflow. */
export interface StartDecision {
  readonly role?: string;
  /** Scopes the grant token is asked for, all of them held by the caller's token. */
  readonly grantScopes: readonly string[];
}

/**
 * Decides whether a verified token may start a workflow.
 *
 * @throws {RefusedError} with the first `policy.*` code that applies, in the order of the checks below.
 */
export function decideStart(token: VerifiedToken, workflow: Workflow): StartDecision {
  const held = new Set(token.scopes);
  requireScopes(held, workflow.start.scopes);
  checkAgents(token, workflow, held);
  checkLifetime(token, workflow);
  const role = chooseRole(held, workflow);
  const wanted = workflow.grant?.scopes ?? workflow.start.scopes;
  requireScopes(held, wanted);
  return { ...(role !== undefined && { role }), grantScopes: [...wanted] };
}

/**
 * Refuses unless every scope is held.
 *
 * @throws {RefusedError} `policy.scope_insufficient`, with the scopes that would be enough.
 */
export function requireScopes(held: ReadonlySet<string>, required: readonly string[]): void {
  const missing = required.filter((scope) => !held.has(scope));
  if (missing.length === 0) return;
  throw new RefusedError(
    "policy.scope_insufficient",
    `"scope" lacks ${missing.map((scope) => `"${scope}"`).join(", ")}`,
    {
      field: "scope",
      requiredScopes: required,
    },
  );
}

function checkAgents(token: VerifiedToken, workflow: Workflow, held: ReadonlySet<string>): void {
  if (token.actors.length === 0) return;
  const { agents } = workflow;
  if (!agents.allow) {
    throw new RefusedError(
      "policy.agent_refused",
      `"act" names an actor, and workflow "${workflow.name}" allows none`,
      { field: "act" },
    );
  }
  if (token.actors.length > agents.maxDelegation) {
    throw new RefusedError(
      "policy.delegation_too_deep",
      `"act" is ${token.actors.length} deep, expected at most ${agents.maxDelegation}`,
      { field: "act" },
    );
  }
  requireScopes(held, agents.scopes);
}

function checkLifetime(token: VerifiedToken, workflow: Workflow): void {
  const limit = workflow.limits.tokenLifetime;
  const lifetime = Math.round((token.expiresAt - token.issuedAt) / 1000);
  if (limit === undefined || lifetime <= limit) return;
  throw new RefusedError(
    "policy.token_lifetime_exceeded",
    `the token lives ${lifetime} s, expected at most ${limit} s`,
    { field: "exp" },
  );
}

function chooseRole(held: ReadonlySet<string>, workflow: Workflow): string | undefined {
  const roles = Object.entries(workflow.roles);
  if (roles.length === 0) return undefined;
  const role = roles.find(([, { scopes }]) => scopes.every((scope) => held.has(scope)));
  if (role) return role[0];
  throw new RefusedError(
    "policy.role_missing",
    `"scope" fits none of the roles ${roles.map(([name]) => `"${name}"`).join(", ")}`,
    { field: "scope" },
  );
}
