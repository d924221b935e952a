import { readFileSync } from "node:fs";
import { ScanCommand } from "@aws-sdk/client-dynamodb";
import { KMSClient } from "@aws-sdk/client-kms";
import { DescribeExecutionCommand } from "@aws-sdk/client-sfn";
import { createSubjectKeys } from "@countersign/aws/dynamodb/subject-keys";
import type { Entry } from "@countersign/core/entry/entry";
import { isReference } from "@countersign/core/subject/pseudonyms";
import { clientSecretFile } from "@countersign/local/runtime/issuer-options";
import { clientOf, names } from "@countersign/local/runtime/provision";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { audience, type Embedded, startEmbedded } from "../support/embedded.ts";
import { withEndings } from "../support/endings.ts";
import { eventually } from "../support/eventually.ts";
import { recordHttpAnswers } from "../support/http-answers.ts";
import { LeakCanary } from "../support/leak-canary.ts";
import { allSinks } from "../support/leak-sinks.ts";
import { Observer } from "../support/observer.ts";
import { recordOutput } from "../support/output.ts";
import { personToken, withSubject } from "../support/person-token.ts";

/** A `sub` that is itself personal, and long enough not to be found by chance. */
const sub = "ada-lovelace-1815-12-10-london";

const providersOwn = /^file (authorization-server\.db(-wal)?|config\.json)$/;

/** A runtime in one mode, with a person signed in to an application of it. */
class People {
  readonly embedded: Embedded;
  readonly observer: Observer;
  readonly person: string;

  constructor(embedded: Embedded, person: string) {
    this.embedded = embedded;
    this.observer = new Observer(embedded.runtime.urls);
    this.person = person;
  }

  static async in(subjects: "identifier" | "pseudonym"): Promise<People> {
    const embedded = await startEmbedded({
      change: (config) => {
        const agent = { scopes: ["payout:start"], agent: true };
        const clients = { ...config.local?.clients, "billing-agent": agent };
        const changed = { ...config, subjects, local: { ...config.local, clients } };
        return withEndings(withSubject(changed, sub));
      },
    });
    return new People(embedded, await personToken(embedded, sub));
  }

  get issuer(): string {
    return this.embedded.runtime.urls.issuer;
  }

  async start(workflow = "payout", token = this.person): Promise<string> {
    const { status, body } = await this.embedded.caller.start(token, workflow, { amount: 7 });
    expect([status, body["detail"]]).toEqual([201, undefined]);
    return String(body["executionArn"]);
  }

  async request(method: string, path: string, token: string, body?: object) {
    const response = await fetch(`${this.embedded.runtime.urls.api}${path}`, {
      method,
      headers: { authorization: `Bearer ${token}` },
      ...(body && { body: JSON.stringify(body) }),
    });
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  }

  /** What an auditor is answered about a subject. */
  async audit(query: Record<string, string>): Promise<readonly Entry[]> {
    const auditor = await this.embedded.caller.token("auditor", "audit:read");
    const { status, body } = await this.request(
      "GET",
      `/audit/entries?${new URLSearchParams(query)}`,
      auditor,
    );
    expect(status).toBe(200);
    return body["entries"] as Entry[];
  }

  async erase() {
    const operator = await this.embedded.caller.token("operator", "operations:write");
    const subject = { iss: this.issuer, sub };
    return this.request("POST", "/operations/subjects/erase", operator, subject);
  }

  async subjectOf(executionArn: string) {
    const entry = await this.observer.untilEntry(executionArn, "execution.authorized");
    if (!entry.subject || !entry.personal) throw new Error("the entry has no subject, or nothing personal");
    return { subject: entry.subject, personal: entry.personal };
  }

  /** Opens personal data as a process of its own does. */
  async decrypt({ subject, personal }: Awaited<ReturnType<People["subjectOf"]>>) {
    const kms = new KMSClient(clientOf(this.embedded.runtime.urls.aws));
    const { dynamodb } = this.embedded;
    const clock = { now: Date.now };
    const keys = createSubjectKeys({ dynamodb, table: names.state, kms, keyId: names.key, clock });
    return keys.decrypt(subject, personal).finally(() => kms.destroy());
  }

  /** The bytes of every entry, by its key. */
  async entryBytes(): Promise<Map<string, string>> {
    const { Items = [] } = await this.embedded.dynamodb.send(new ScanCommand({ TableName: names.ledger }));
    const entries = Items.filter((item) => item["e"]?.B);
    return new Map(
      entries.map(({ pk, sk, e }) => [`${pk?.S} ${sk?.S}`, Buffer.from(e?.B ?? []).toString("base64")]),
    );
  }

  async close(): Promise<void> {
    this.observer.close();
    await this.embedded.close();
  }
}

/** A token that an agent got for the person's (RFC 8693). */
async function agentToken({ embedded, person }: People): Promise<string> {
  const secret = readFileSync(embedded.runtime.state.file(clientSecretFile("billing-agent")), "utf8");
  const response = await fetch(`${embedded.runtime.urls.issuer}/token`, {
    method: "POST",
    headers: { authorization: `Basic ${Buffer.from(`billing-agent:${secret}`).toString("base64")}` },
    body: new URLSearchParams({
      grant_type: "urn:ietf:params:oauth:grant-type:token-exchange",
      subject_token: person,
      subject_token_type: "urn:ietf:params:oauth:token-type:access_token",
      resource: audience,
      scope: "payout:start",
    }),
  });
  const { access_token: token } = (await response.json()) as { access_token?: string };
  if (!token) throw new Error(`the provider answered ${response.status}`);
  return token;
}

describe("people by reference", () => {
  const output = recordOutput();
  const http = recordHttpAnswers();
  let people: People;
  let executionArn: string;
  beforeAll(async () => {
    people = await People.in("pseudonym");
    executionArn = await people.start();
  });
  afterAll(async () => {
    http.stop();
    output.stop();
    await people?.close();
  });

  it("has the reference wherever the person would be", async () => {
    const { subject } = await people.subjectOf(executionArn);
    expect(subject).toEqual({ iss: people.issuer, sub: expect.stringMatching(/^psn_/) });
    const grant = await people.observer.grant(executionArn);
    expect(grant?.subject).toEqual(subject);
    const { body } = await people.request(
      "GET",
      `/executions/${encodeURIComponent(executionArn)}`,
      people.person,
    );
    expect(body["grant"]).toMatchObject({ subject });
  });

  it("has the same reference when an agent acts for the person, and names the agent as it is", async () => {
    const { subject } = await people.subjectOf(executionArn);
    const byAgent = await people.start("payout", await agentToken(people));
    const entry = await people.observer.untilEntry(byAgent, "execution.authorized");
    expect(entry).toMatchObject({ subject, actors: [{ sub: "billing-agent" }], clientId: "billing-agent" });
    const { input = "{}" } = await people.embedded.sfn.send(
      new DescribeExecutionCommand({ executionArn: byAgent }),
    );
    const { countersign } = JSON.parse(input) as { countersign: object };
    expect(countersign).toMatchObject({ subject, actors: [{ sub: "billing-agent" }] });
  });

  it("names a client that acts for itself as it is", async () => {
    const app = await people.embedded.caller.token("payments-app", "payout:start");
    const { subject } = await people.subjectOf(await people.start("payout", app));
    expect(subject).toEqual({ iss: people.issuer, sub: "payments-app" });
  });

  it("leaves the person's name in no row, input, message, log line or answer", async () => {
    const failed = await people.start("fails");
    const waiting = await people.start("waits");
    await people.request("POST", `/executions/${encodeURIComponent(waiting)}/stop`, people.person, {});
    await people.request("POST", "/workflows/payout/executions", people.person, {
      input: { countersign: 1 },
    });
    await people.request("POST", "/workflows/none/executions", people.person, { input: {} });
    await people.request("GET", "/operations/dead-letters", people.person);
    await people.request("GET", "/audit/entries", people.person);
    await people.audit({ iss: people.issuer, sub });
    await people.audit({ iss: people.issuer, sub: `${sub}-of-whom-nothing-is-known` });
    for (const arn of [failed, waiting]) await people.observer.untilEntry(arn, "token.revoked");
    await people.embedded.runtime.idle();
    const canary = new LeakCanary();
    canary.register("the person's name", sub);
    const sinks = await allSinks(people.embedded, http.answers, output.text());
    // The provider's own records, and the people it is told of, are where the person's name is from.
    const hits = canary.search(sinks).filter(({ sink }) => !providersOwn.test(sink));
    expect(hits).toEqual([]);
  });

  it("finds a person's entries by the person's name and by the reference, and nobody's by another's", async () => {
    const { subject } = await people.subjectOf(executionArn);
    for (const name of [sub, subject.sub]) {
      const entries = await people.audit({ iss: people.issuer, sub: name });
      expect(entries.map((entry) => entry.executionArn)).toContain(executionArn);
      for (const entry of entries) expect(entry.subject).toEqual(subject);
    }
    expect(await people.audit({ iss: people.issuer, sub: "nobody" })).toEqual([]);
  });

  it("after an erasure knows the person no more, reads the entries still, and gives another reference", async () => {
    const before = await people.subjectOf(executionArn);
    expect(await people.decrypt(before)).toMatchObject({ sourceIp: "127.0.0.1" });
    expect(await people.erase()).toMatchObject({ status: 200, body: { found: true } });
    expect(await people.audit({ iss: people.issuer, sub })).toEqual([]);
    expect(await people.decrypt(before)).toBe("erased");
    const entries = await people.audit({ executionArn });
    expect(entries.find(({ action }) => action === "execution.authorized")).toMatchObject(before);

    const { subject } = await eventually("another reference", async () => {
      const next = await people.subjectOf(await people.start());
      return next.subject.sub === before.subject.sub ? undefined : next;
    });
    expect(isReference(subject.sub)).toBe(true);
    const found = await people.audit({ iss: people.issuer, sub });
    for (const entry of found) expect(entry.subject).toEqual(subject);
    // Another function may know the old reference for some seconds.
    await eventually("the old execution to be nobody's", async () => {
      const path = `/executions/${encodeURIComponent(executionArn)}`;
      const { status } = await people.request("GET", path, people.person);
      return status === 404 ? true : undefined;
    });
  });
});

describe("people by the provider's identifier", () => {
  let people: People;
  beforeAll(async () => {
    people = await People.in("identifier");
  });
  afterAll(() => people?.close());

  it("keeps personal data readable until it is erased, and the entries as they were, byte for byte", async () => {
    const executionArn = await people.start();
    await people.observer.untilEntry(executionArn, "execution.succeeded");
    const before = await people.subjectOf(executionArn);
    expect(before.subject).toEqual({ iss: people.issuer, sub });
    expect(await people.decrypt(before)).toMatchObject({ sourceIp: "127.0.0.1" });
    const bytes = await people.entryBytes();

    const { status, body } = await people.erase();
    expect({ status, found: body["found"] }).toEqual({ status: 200, found: true });
    expect(await people.decrypt(before)).toBe("erased");
    const after = await people.entryBytes();
    for (const [key, value] of bytes) expect(after.get(key)).toBe(value);
    const entries = await people.audit({ iss: people.issuer, sub });
    expect(entries).toMatchObject([{ executionArn, subject: before.subject }]);
    const erasures = await people.audit({ action: "subject.erased" });
    expect(erasures).toMatchObject([
      { entryId: body["entryId"], subject: { sub: "operator" }, detail: { erased: before.subject } },
    ]);
    expect(await people.erase()).toMatchObject({ status: 200, body: { found: false } });
  });

  it("refuses an erasure that whoever asks has no right to", async () => {
    const subject = { iss: people.issuer, sub };
    const { status, body } = await people.request(
      "POST",
      "/operations/subjects/erase",
      people.person,
      subject,
    );
    expect({ status, code: body["code"] }).toEqual({ status: 403, code: "policy.scope_insufficient" });
  });
});
