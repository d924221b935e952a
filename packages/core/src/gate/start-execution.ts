import { randomUUID } from "node:crypto";
import {
  ConflictError,
  type CountersignError,
  isRefusal,
  OutcomeUnknownError,
  RefusedError,
  UnavailableError,
} from "../error/errors.ts";
import type { Grant } from "../execution/execution-state.ts";
import { type ExecutionStarter, executionArnOf } from "../execution/step-functions.ts";
import type { PersonalDataCipher } from "../personal/personal-data.ts";
import { decideStart, type StartDecision } from "../policy/decide-start.ts";
import type { BlockList } from "../policy/limits.ts";
import type { Workflow, Workflows } from "../policy/workflow.ts";
import type { IdentityProvider, IdentityProviders, IssuedToken } from "../token/identity-provider.ts";
import type { PreparedSeal, Sealer } from "../token/seal.ts";
import type { VerifiedToken } from "../token/verified-token.ts";
import { type AbandonDeps, abandonStart } from "./abandon-start.ts";
import { checkGrantToken } from "./check-grant-token.ts";
import { type Claim, type ClaimDeps, claimStart } from "./claim-start.ts";
import { completeStart } from "./complete-start.ts";
import { disclosedRefusal } from "./disclosed-refusal.ts";
import { checkInput, executionInput } from "./execution-input.ts";
import { executionName } from "./execution-name.ts";
import { personalData, recordDenial, type StartOrigin } from "./record-denial.ts";
import { refuseForeign, standingExecution } from "./standing-execution.ts";
import { checkDeadline } from "./start-deadline.ts";
import { authorizedEntry } from "./start-entries.ts";
import { startIntent } from "./start-intent.ts";

export interface StartDeps extends AbandonDeps, ClaimDeps {
  readonly workflows: Workflows;
  readonly sealer: Sealer;
  readonly personal: PersonalDataCipher;
  readonly blocks: BlockList;
  readonly providers: IdentityProviders;
  readonly starter: ExecutionStarter;
  /** Names a grant token of an issuer without being it. */
  readonly fingerprint: (token: string, issuer: string) => string;
  /** What the configuration says of an issuer. */
  readonly issuer: (issuer: string) => GateIssuer;
  /** Key of execution names. */
  readonly gateKey: Uint8Array;
}

/** What of an issuer's configuration the gate goes by. */
export interface GateIssuer {
  /** The audience grant tokens are for. */
  readonly grantAudience: string;
  readonly tokenUse: "many" | "once";
}

export interface StartRequest {
  readonly workflow: string;
  readonly input: unknown;
  readonly idempotencyKey: string | undefined;
  readonly token: VerifiedToken;
  /** The caller's token itself: exchanged, then forgotten. */
  readonly rawToken: string;
  readonly origin: StartOrigin;
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
 * A refusal of a verified token is an entry before it is an answer, and where the entry can't be written that is
 * the answer. The same request under the same Idempotency-Key is the same execution, also after it has ended.
 *
 * @throws {RefusedError} for policy, blocks and rate. @throws {InvalidInputError} for the input.
 * @throws {OAuthResponseError} when the provider refused. @throws {UnavailableError} when nothing was started.
 * @throws {OutcomeUnknownError} when it is not known whether it started; the intent stands.
 */
export async function startExecution(deps: StartDeps, request: StartRequest): Promise<StartedExecution> {
  const workflow = deps.workflows.get(request.workflow);
  try {
    if (!workflow)
      throw new RefusedError("resource.not_found", "the workflow is not registered", { field: "workflow" });
    const decision = decideStart(request.token, workflow);
    const input = checkInput(request.input);
    return await new Start(deps, request, workflow, decision, input).run();
  } catch (error) {
    if (!isRefusal(error)) throw error;
    await recordDenial(deps, request, error);
    throw disclosedRefusal(error, request.token, workflow);
  }
}

type Personal = Awaited<ReturnType<PersonalDataCipher["encrypt"]>>;

type StartedGrant = Grant & { readonly startDate: number };

/** One request on its way: holds what every step of it needs. */
class Start {
  readonly #deps: StartDeps;
  readonly #request: StartRequest;
  readonly #workflow: Workflow;
  readonly #input: Record<string, unknown>;
  readonly #name: string;
  readonly #provider: IdentityProvider;
  readonly #executionArn: string;
  readonly #claim: Claim;
  readonly #grant: Grant;
  /** Revision of the state that carries our intent, once it is claimed. */
  #revision = 0;
  /** The seal under way, once there is a token to seal. */
  #sealed: Promise<void> | undefined;

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
    this.#provider = deps.providers.of(request.token.subject.iss);
    this.#executionArn = executionArnOf(workflow.stateMachineArn, this.#name);
    const { state, grant } = startIntent({
      executionArn: this.#executionArn,
      token: request.token,
      workflow,
      decision,
      input,
      identityMode: this.#provider.identityMode,
      decidedAt: deps.clock.now(),
    });
    const { token } = request;
    const { tokenUse } = deps.issuer(token.subject.iss);
    this.#claim = { executionArn: this.#executionArn, token, tokenUse, workflow, intent: state, grant };
    this.#grant = grant;
    // Refuses an input that is too large before anything is written.
    executionInput(input, workflow.name, grant);
  }

  async run(): Promise<StartedExecution> {
    const { grantId, redriveCount } = this.#grant;
    // Both wait for nothing that follows: their time falls beside other waits.
    const seal = this.#deps.sealer.prepare({ executionArn: this.#executionArn, redriveCount, grantId });
    const personal = this.#encryptPersonalData();
    const claimed = await claimStart(this.#deps, this.#claim);
    if (claimed.kind === "earlier") {
      const { grant, startDate } = claimed;
      return { executionArn: this.#executionArn, startDate, grant: { ...grant, startDate }, created: false };
    }
    this.#revision = claimed.revision;
    const issued = await this.#exchange();
    const started = await this.#recordAndStart(seal, personal, issued, this.#grantOf(issued));
    await this.#activate(started);
    return {
      executionArn: this.#executionArn,
      startDate: started.startDate,
      grant: started,
      created: true,
    };
  }

  /** The grant token; none where the provider has none to give. */
  async #exchange(): Promise<IssuedToken | undefined> {
    if (this.#provider.identityMode === "inbound_only") return undefined;
    try {
      return await this.#provider.exchange({
        subjectToken: this.#request.rawToken,
        audience: this.#grantAudience,
        scopes: this.#grant.scopes,
      });
    } catch (error) {
      // Where the answer was lost a token may exist: its intent stays. Otherwise nothing came of it.
      if (!(error instanceof OutcomeUnknownError)) {
        await this.#deps.executions.remove(this.#executionArn, this.#revision);
      }
      throw error;
    }
  }

  get #grantAudience(): string {
    return this.#deps.issuer(this.#request.token.subject.iss).grantAudience;
  }

  #grantOf(issued: IssuedToken | undefined): Grant {
    const { expiresAt, fingerprint } = this.#request.token;
    if (!issued) return { ...this.#grant, expiresAt, fingerprint };
    return {
      ...this.#grant,
      // Unknown where the provider does not say: it may well outlive the caller's token.
      ...(issued.expiresAt !== undefined && { expiresAt: issued.expiresAt }),
      fingerprint: this.#deps.fingerprint(issued.value, this.#grant.subject.iss),
    };
  }

  /** No start without its record; and what is known not to have started is taken back. */
  async #recordAndStart(
    seal: PreparedSeal,
    personal: Promise<Personal>,
    issued: IssuedToken | undefined,
    grant: Grant,
  ): Promise<StartedGrant> {
    try {
      const end = await this.#record(seal, personal, issued, grant);
      const startDate = await this.#start(grant);
      return { ...grant, ...(end !== undefined && { expiresAt: end }), state: "active", startDate };
    } catch (error) {
      if (!(error instanceof OutcomeUnknownError)) await this.#abandon(grant, issued, error);
      throw error;
    }
  }

  /**
   * All of it durable and in order before the start; the reads come after the intent was written.
   *
   * Gives the latest time anyone says that the grant ends.
   */
  async #record(
    seal: PreparedSeal,
    personal: Promise<Personal>,
    issued: IssuedToken | undefined,
    grant: Grant,
  ): Promise<number | undefined> {
    const [seen, ...others] = await Promise.allSettled([
      issued &&
        checkGrantToken(this.#provider, issued, {
          subject: this.#request.token.providerSubject ?? grant.subject,
          principal: this.#request.token.principal,
          audience: this.#grantAudience,
          scopes: grant.scopes,
        }),
      this.#appendAuthorized(grant, personal),
      this.#refuseBlocked(),
      issued && this.#seal(seal, issued),
    ]);
    for (const result of [...others, seen]) if (result.status === "rejected") throw result.reason;
    const ends = [grant.expiresAt, seen.status === "fulfilled" ? seen.value?.expiresAt : undefined];
    const known = ends.filter((end) => end !== undefined);
    return known.length > 0 ? Math.max(...known) : undefined;
  }

  /** Last of the four to be asked for: encrypting takes the processor, which the others need to set out. */
  #seal(seal: PreparedSeal, issued: IssuedToken): Promise<void> {
    this.#sealed = seal.store(issued.value, issued.expiresAt);
    return this.#sealed;
  }

  #encryptPersonalData(): Promise<Personal> {
    const { token, origin } = this.#request;
    const personal = this.#deps.personal.encrypt(token.subject, personalData(token, origin));
    // A start that ends before it is recorded never asks for this: its failure is then no one's.
    personal.catch(() => undefined);
    return personal;
  }

  async #appendAuthorized(grant: Grant, personal: Promise<Personal>): Promise<void> {
    const { token } = this.#request;
    const now = this.#deps.clock.now();
    const fields = authorizedEntry(token, this.#workflow, this.#claim.intent, grant, now);
    await this.#deps.ledger.append({ ...fields, personal: await personal });
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
    checkDeadline(grant, this.#deps.clock.now());
    const outcome = await this.#deps.starter.start({
      startArn: this.#workflow.startArn,
      name: this.#name,
      input: executionInput(this.#input, this.#workflow.name, grant),
    });
    if (outcome.started) return outcome.startDate;
    const place = { executionArn: this.#executionArn, workflow: this.#workflow.name, grant };
    const standing = await standingExecution(this.#deps.reader, place);
    if (standing.kind === "own") return standing.startDate;
    if (standing.kind === "foreign") throw await refuseForeign(this.#deps, place, standing.description);
    throw new OutcomeUnknownError(
      "store.unavailable",
      "Step Functions says that the execution exists, and that it does not",
    );
  }

  async #activate(active: StartedGrant): Promise<void> {
    try {
      await this.#deps.executions.put({
        ...this.#claim.intent,
        grants: [active],
        startDate: active.startDate,
        status: "RUNNING",
        revision: this.#revision + 1,
      });
    } catch (error) {
      if (error instanceof ConflictError)
        return completeStart(this.#deps.executions, this.#executionArn, active);
      // It runs, and its record is durable: the event of its start will move the state.
      if (!(error instanceof UnavailableError || error instanceof OutcomeUnknownError)) throw error;
    }
  }

  /** A token that is sealed is left to the revoker; one that is not is taken back while it is at hand. */
  async #abandon(grant: Grant, issued: IssuedToken | undefined, cause: unknown): Promise<void> {
    const grantToken = issued ? await this.#takeBack(issued) : "none";
    const { name = "Error", code } = cause as Partial<CountersignError>;
    const abandonment = {
      executionArn: this.#executionArn,
      workflow: this.#workflow.name,
      grant,
      error: { name, ...(code !== undefined && { code }) },
      grantToken,
      isAuthorized: true,
    } as const;
    await abandonStart(this.#deps, abandonment).catch((error: unknown) => {
      // The intent stands, and a sweeper goes on from it: the caller is told what went wrong first.
      if (!(error instanceof UnavailableError || error instanceof OutcomeUnknownError)) throw error;
    });
  }

  async #takeBack(issued: IssuedToken): Promise<"revoked" | "revocation_pending"> {
    try {
      await this.#sealed;
      return "revocation_pending";
    } catch {
      return (await this.#revokeNow(issued)) ? "revoked" : "revocation_pending";
    }
  }

  /** Whether the token is proven dead; without its seal this is the only try there is. */
  async #revokeNow({ value }: IssuedToken): Promise<boolean> {
    try {
      if ((await this.#provider.revoke(value)) === "unsupported") return false;
      return !(await this.#provider.introspect(value)).active;
    } catch {
      return false;
    }
  }
}

function nameFor(deps: StartDeps, { token, workflow, idempotencyKey }: StartRequest): string {
  const key = idempotencyKey ?? randomUUID();
  return executionName(
    { subject: token.subject, clientId: token.clientId, workflow, idempotencyKey: key },
    deps.gateKey,
  );
}
