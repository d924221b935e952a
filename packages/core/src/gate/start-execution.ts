import { randomUUID } from "node:crypto";
import type { Clock } from "../clock.ts";
import type { PersonalData } from "../entry/entry.ts";
import { entryId, entryKey } from "../entry/entry-key.ts";
import {
  ConflictError,
  CountersignError,
  OutcomeUnknownError,
  RefusedError,
  UnavailableError,
} from "../error/errors.ts";
import { type ExecutionState, type Grant, withGrant } from "../execution/execution-state.ts";
import { type ExecutionStore, updateExecution } from "../execution/execution-store.ts";
import { type ExecutionStarter, executionArnOf } from "../execution/step-functions.ts";
import type { LedgerWriter } from "../ledger/ledger.ts";
import type { PersonalDataCipher } from "../personal/personal-data.ts";
import { decideStart, type StartDecision } from "../policy/decide-start.ts";
import type { BlockList, StartRate } from "../policy/limits.ts";
import type { Workflow, Workflows } from "../policy/workflow.ts";
import type { RevocationQueue } from "../revoker/revocation-queue.ts";
import type { IdentityProvider, IdentityProviders, IssuedToken } from "../token/identity-provider.ts";
import type { PreparedSeal, Sealer } from "../token/seal.ts";
import type { VerifiedToken } from "../token/verified-token.ts";
import { checkGrantToken } from "./check-grant-token.ts";
import { checkInput, executionInput, requestHash } from "./execution-input.ts";
import { executionName } from "./execution-name.ts";
import { abandonedEntry, authorizedEntry, deniedEntry } from "./start-entries.ts";

export interface StartDeps {
  readonly clock: Clock;
  readonly workflows: Workflows;
  readonly ledger: LedgerWriter;
  readonly executions: ExecutionStore;
  readonly sealer: Sealer;
  readonly personal: PersonalDataCipher;
  readonly blocks: BlockList;
  readonly startRate: StartRate;
  readonly providers: IdentityProviders;
  readonly revocations: RevocationQueue;
  readonly starter: ExecutionStarter;
  /** Names a grant token without being it. */
  readonly fingerprint: (token: string) => string;
  /** The audience grant tokens of an issuer are for. */
  readonly grantAudience: (issuer: string) => string;
  /** Key of execution names. */
  readonly gateKey: Uint8Array;
}

export interface StartRequest {
  readonly workflow: string;
  readonly input: unknown;
  readonly idempotencyKey: string | undefined;
  readonly token: VerifiedToken;
  /** The caller's token itself: exchanged, then forgotten. */
  readonly rawToken: string;
  readonly origin: Pick<PersonalData, "sourceIp" | "userAgent">;
}

export interface StartedExecution {
  readonly executionArn: string;
  /** Epoch milliseconds. */
  readonly startDate: number | undefined;
  readonly grant: Grant;
  /** False when an earlier request with the same Idempotency-Key had started it. */
  readonly created: boolean;
}

/**
 * Starts a workflow for a verified token, in an order that never leaves a start without its record:
 * intent → exchange → seal, entry, and a look at the block lists → StartExecution → outcome.
 *
 * A refusal of a verified token is an entry before it is an answer.
 *
 * @throws {RefusedError} for policy, blocks and rate. @throws {InvalidInputError} for the input.
 * @throws {OAuthResponseError} when the provider refused. @throws {UnavailableError} when nothing was started.
 * @throws {OutcomeUnknownError} when it is not known whether it started; the intent stands.
 */
export async function startExecution(deps: StartDeps, request: StartRequest): Promise<StartedExecution> {
  try {
    const workflow = deps.workflows.get(request.workflow);
    if (!workflow)
      throw new RefusedError("resource.not_found", "the workflow is not registered", { field: "workflow" });
    const decision = decideStart(request.token, workflow);
    const input = checkInput(request.input);
    return await new Start(deps, request, workflow, decision, input).run();
  } catch (error) {
    if (isRefusal(error)) await recordDenial(deps, request, error);
    throw error;
  }
}

/** One request on its way: holds what every step of it needs. */
class Start {
  readonly #deps: StartDeps;
  readonly #request: StartRequest;
  readonly #workflow: Workflow;
  readonly #input: Record<string, unknown>;
  readonly #name: string;
  readonly #intent: ExecutionState;
  readonly #grant: Grant;

  constructor(
    deps: StartDeps,
    request: StartRequest,
    workflow: Workflow,
    decision: StartDecision,
    input: Record<string, unknown>,
  ) {
    this.#deps = deps;
    this.#request = request;
    this.#workflow = workflow;
    this.#input = input;
    this.#name = nameFor(deps, request);
    const executionArn = executionArnOf(workflow.stateMachineArn, this.#name);
    this.#grant = intendedGrant(request, workflow, decision, input, executionArn);
    this.#intent = intent(executionArn, workflow, this.#grant);
    // Refuses an input that is too large before anything is written.
    executionInput(input, workflow.name, this.#grant);
  }

  async run(): Promise<StartedExecution> {
    const provider = this.#deps.providers.of(this.#request.token.subject.iss);
    const seal = this.#deps.sealer.prepare({ executionArn: this.#intent.executionArn, redriveCount: 0 });
    const earlier = await this.#claim();
    if (earlier) return earlier;
    const issued = await this.#exchange(provider);
    const grant = this.#grantOf(issued);
    const startDate = await this.#recordAndStart(seal, provider, issued, grant);
    await this.#activate(grant, startDate);
    return {
      executionArn: this.#intent.executionArn,
      startDate,
      grant: { ...grant, state: "active", startDate },
      created: true,
    };
  }

  /** No start without its record; and what is known not to have started leaves no live token. */
  async #recordAndStart(
    seal: PreparedSeal,
    provider: IdentityProvider,
    issued: IssuedToken,
    grant: Grant,
  ): Promise<number> {
    try {
      await this.#record(seal, provider, issued, grant);
      return await this.#start(grant);
    } catch (error) {
      if (!(error instanceof OutcomeUnknownError)) await this.#abandon(grant, provider, issued, error);
      throw error;
    }
  }

  /** Writes the intent under the execution's name and takes a start from the rate; or finds the earlier request. */
  async #claim(): Promise<StartedExecution | undefined> {
    const { startsPerMinute } = this.#workflow.limits;
    const [intent, rate] = await Promise.allSettled([
      this.#deps.executions.put(this.#intent),
      startsPerMinute === undefined
        ? undefined
        : this.#deps.startRate.take(this.#workflow.name, startsPerMinute),
    ]);
    if (intent.status === "rejected") {
      if (!(intent.reason instanceof ConflictError)) throw intent.reason;
      return this.#earlier();
    }
    if (rate.status === "fulfilled") return undefined;
    await this.#forget();
    throw rate.reason;
  }

  async #forget(): Promise<void> {
    await this.#deps.executions.remove(this.#intent.executionArn, this.#intent.revision);
  }

  async #earlier(): Promise<StartedExecution> {
    const state = await this.#deps.executions.get(this.#intent.executionArn);
    const grant = state?.grants.find(({ redriveCount }) => redriveCount === 0);
    if (!grant || grant.requestHash !== this.#grant.requestHash) {
      throw new RefusedError("execution.conflict", '"Idempotency-Key" was used for another request', {
        field: "Idempotency-Key",
      });
    }
    if (grant.startDate === undefined) {
      throw new RefusedError(
        "execution.start_unresolved",
        "an earlier request with this key has not been resolved",
        {
          field: "Idempotency-Key",
          retryAfterSeconds: 5,
        },
      );
    }
    return { executionArn: this.#intent.executionArn, startDate: grant.startDate, grant, created: false };
  }

  async #exchange(provider: IdentityProvider): Promise<IssuedToken> {
    const { subject, scopes } = this.#grant;
    try {
      return await provider.exchange({
        subjectToken: this.#request.rawToken,
        audience: this.#deps.grantAudience(subject.iss),
        scopes,
      });
    } catch (error) {
      // Where the answer was lost a token may exist: its intent stays. Otherwise nothing came of it.
      if (!(error instanceof OutcomeUnknownError)) await this.#forget();
      throw error;
    }
  }

  #grantOf(issued: IssuedToken): Grant {
    return {
      ...this.#grant,
      identityMode: issued.identityMode,
      expiresAt: issued.expiresAt ?? this.#request.token.expiresAt,
      fingerprint: this.#deps.fingerprint(issued.value),
    };
  }

  /** All of it durable and in order before the start; the reads come after the intent was written. */
  async #record(
    seal: PreparedSeal,
    provider: IdentityProvider,
    issued: IssuedToken,
    grant: Grant,
  ): Promise<void> {
    const { token } = this.#request;
    const settled = await Promise.allSettled([
      seal.store(issued.value),
      this.#appendAuthorized(grant),
      this.#refuseBlocked(),
      checkGrantToken(provider, issued, {
        subject: token.subject,
        audience: this.#deps.grantAudience(token.subject.iss),
        scopes: grant.scopes,
      }),
    ]);
    for (const result of settled) if (result.status === "rejected") throw result.reason;
  }

  async #appendAuthorized(grant: Grant): Promise<void> {
    const { token, origin } = this.#request;
    const personal = await this.#deps.personal.encrypt(token.subject, personalData(token, origin));
    const fields = authorizedEntry(token, this.#workflow, this.#intent, grant, this.#deps.clock.now());
    await this.#deps.ledger.append({ ...fields, personal });
  }

  async #refuseBlocked(): Promise<void> {
    const { subject, clientId, fingerprint } = this.#request.token;
    const found = await this.#deps.blocks.find({
      subject,
      clientId,
      fingerprint,
      workflow: this.#workflow.name,
    });
    if (found) throw new RefusedError("policy.subject_blocked", `the ${found} is blocked`, { field: found });
  }

  async #start(grant: Grant): Promise<number> {
    const outcome = await this.#deps.starter.start({
      startArn: this.#workflow.startArn,
      name: this.#name,
      input: executionInput(this.#input, this.#workflow.name, grant),
    });
    if (outcome.started) return outcome.startDate;
    throw new RefusedError(
      "execution.conflict",
      "an execution of this name exists that this request did not start",
      {
        field: "Idempotency-Key",
      },
    );
  }

  async #activate(grant: Grant, startDate: number): Promise<void> {
    const active: Grant = { ...grant, state: "active", startDate };
    const revision = this.#intent.revision + 1;
    try {
      await this.#deps.executions.put({
        ...this.#intent,
        grants: [active],
        startDate,
        status: "RUNNING",
        revision,
      });
    } catch (error) {
      if (error instanceof ConflictError) return this.#complete(active);
      // It runs, and its record is durable: the event of its start will move the state.
      if (!(error instanceof UnavailableError || error instanceof OutcomeUnknownError)) throw error;
    }
  }

  /** A status event came first and moved the state: only what it could not know is added. */
  async #complete(active: Grant): Promise<void> {
    await updateExecution(
      this.#deps.executions,
      this.#intent.executionArn,
      (state) => state && withGrant(state, active.grantId, (grant) => ({ ...active, state: grant.state })),
    );
  }

  /** The start is known not to have happened: its grant token must not live on. */
  async #abandon(
    grant: Grant,
    provider: IdentityProvider,
    issued: IssuedToken,
    error: unknown,
  ): Promise<void> {
    const revoked = await provider.revoke(issued.value).then(
      () => true,
      () => false,
    );
    await updateExecution(this.#deps.executions, this.#intent.executionArn, (state) => {
      if (!state) return state;
      const ended = withGrant(state, grant.grantId, () => ({
        ...grant,
        state: revoked ? "revoked" : "revoking",
      }));
      return ended === state ? state : { ...ended, open: false };
    });
    const entry = abandonedEntry(this.#intent, grant, error, revoked, this.#deps.clock.now());
    await this.#deps.ledger.append(entry);
    if (revoked) return;
    await this.#deps.revocations.hint({ executionArn: this.#intent.executionArn, grantId: grant.grantId });
  }
}

function nameFor(deps: StartDeps, { token, workflow, idempotencyKey }: StartRequest): string {
  const key = idempotencyKey ?? randomUUID();
  return executionName(
    { subject: token.subject, clientId: token.clientId, workflow, idempotencyKey: key },
    deps.gateKey,
  );
}

function intendedGrant(
  { token }: StartRequest,
  workflow: Workflow,
  decision: StartDecision,
  input: Record<string, unknown>,
  executionArn: string,
): Grant {
  const grantId = randomUUID();
  return {
    grantId,
    state: "authorizing",
    redriveCount: 0,
    subject: token.subject,
    actors: token.actors,
    clientId: token.clientId,
    scopes: decision.grantScopes,
    ...(decision.role !== undefined && { role: decision.role }),
    identityMode: "exchanged",
    policyVersion: workflow.policyVersion,
    requestHash: requestHash(workflow.name, input),
    authorizedBy: entryId(entryKey({ action: "execution.authorized", id: grantId, executionArn })),
  };
}

function intent(executionArn: string, workflow: Workflow, grant: Grant): ExecutionState {
  return {
    executionArn,
    workflow: workflow.name,
    redriveCount: 0,
    attribution: "gate",
    grants: [grant],
    open: true,
    revision: 1,
  };
}

function personalData(token: VerifiedToken, origin: StartRequest["origin"]): PersonalData {
  return { ...origin, ...(Object.keys(token.personalClaims).length > 0 && { claims: token.personalClaims }) };
}

/** Answers that say no to this caller, as against those that say something is out of order. */
function isRefusal(error: unknown): error is CountersignError {
  return (
    error instanceof CountersignError && !(error instanceof UnavailableError) && error.definition.status < 500
  );
}

/** Records that a verified caller was refused, and why. */
export async function recordDenial(
  deps: Pick<StartDeps, "clock" | "ledger" | "personal">,
  request: Pick<StartRequest, "workflow" | "token" | "origin">,
  error: CountersignError,
): Promise<void> {
  const personal = await deps.personal.encrypt(
    request.token.subject,
    personalData(request.token, request.origin),
  );
  await deps.ledger.append({
    ...deniedEntry(request.token, request.workflow, error, deps.clock.now()),
    personal,
  });
}
