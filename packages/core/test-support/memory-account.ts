import { ConflictError } from "../src/error/errors.ts";
import { stateMachineArnOf } from "../src/execution/step-functions.ts";
import type {
  AccountExecutions,
  ExecutionDetails,
  ExecutionPage,
  Listing,
  Milestone,
} from "../src/reconciler/account-executions.ts";
import { parseStatusEvent } from "../src/status-event/status-event.ts";
import type { statusEventWith } from "./fixtures.ts";

type Event = ReturnType<typeof statusEventWith>;

/** What Step Functions says of executions, made of all the events it would have sent. */
export class MemoryAccount implements AccountExecutions {
  readonly #histories = new Map<string, Event[]>();
  /** Map runs of a parent, and the children of each. */
  readonly runs = new Map<string, Map<string, string[]>>();
  /** Calls that were made, by name. */
  readonly calls: string[] = [];
  pageSize = 100;
  /** Names the tokens of pages; another one makes those given out before expire. */
  epoch = "1";

  /** Takes what happened to executions, in the order it happened. */
  happen(events: readonly Event[]): void {
    for (const event of events) {
      const arn = event.detail.executionArn;
      this.#histories.set(arn, [...(this.#histories.get(arn) ?? []), event]);
    }
  }

  /** Forgets an execution, as Step Functions does in time. */
  forget(executionArn: string): void {
    this.#histories.delete(executionArn);
  }

  async list(listing: Listing, next?: string): Promise<ExecutionPage> {
    this.calls.push("list");
    const [epoch, begun] = (next ?? `${this.epoch} 0`).split(" ");
    if (epoch !== this.epoch) throw new ConflictError("internal", "the page's token has expired");
    const found = this.#listed(listing);
    const end = Number(begun) + this.pageSize;
    return {
      executions: found.slice(Number(begun), end),
      ...(found.length > end && { next: `${this.epoch} ${end}` }),
    };
  }

  #listed(listing: Listing): ExecutionDetails[] {
    const all = [...this.#histories.keys()].map((arn) => this.#now(arn));
    const children = [...this.runs.values()].flatMap((runs) => [...runs.values()]).flat();
    const isListed = (one: ExecutionDetails) =>
      "mapRunArn" in listing
        ? this.#childrenOf(listing.mapRunArn).includes(one.executionArn)
        : stateMachineArnOf(one.executionArn) === listing.stateMachineArn &&
          !children.includes(one.executionArn) &&
          (listing.only === undefined || one.status === listing.only);
    return all.filter(isListed).sort((a, b) => b.startDate - a.startDate);
  }

  #childrenOf(mapRunArn: string): readonly string[] {
    return [...this.runs.values()].flatMap((runs) => runs.get(mapRunArn) ?? []);
  }

  async details(executionArn: string): Promise<ExecutionDetails | undefined> {
    this.calls.push("details");
    return this.#histories.has(executionArn) ? this.#now(executionArn) : undefined;
  }

  #now(executionArn: string): ExecutionDetails {
    const { detail } = this.#histories.get(executionArn)?.at(-1) as Event;
    const { stopDate, redriveDate } = detail;
    return {
      executionArn,
      stateMachineArn: detail.stateMachineArn,
      status: detail.status,
      startDate: detail.startDate,
      redriveCount: detail.redriveCount,
      ...(stopDate !== null && { stopDate }),
      ...(redriveDate !== null && { redriveDate }),
      input: detail.input,
      output: detail.output,
      error: detail.error,
    };
  }

  async milestones(executionArn: string): Promise<readonly Milestone[]> {
    this.calls.push("milestones");
    const events = (this.#histories.get(executionArn) ?? []).map(parseStatusEvent);
    const newest = events.at(-1)?.startDate;
    return events
      .filter(({ startDate }) => startDate === newest)
      .map(({ status, redriveCount, startDate, stopDate, redriveDate, error }) => ({
        status,
        redriveCount,
        at: stopDate ?? redriveDate ?? startDate,
        ...(error !== undefined && { error }),
      }));
  }

  async hasMapChildren(stateMachineArn: string): Promise<boolean> {
    return [...this.runs.keys()].some((arn) => stateMachineArnOf(arn) === stateMachineArn);
  }

  async mapRuns(executionArn: string): Promise<readonly string[]> {
    return [...(this.runs.get(executionArn)?.keys() ?? [])];
  }
}
