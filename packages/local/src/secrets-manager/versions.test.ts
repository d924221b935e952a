import { spawnSync } from "node:child_process";
import { randomBytes, randomUUID } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import {
  CreateSecretCommand,
  DescribeSecretCommand,
  GetSecretValueCommand,
  ListSecretVersionIdsCommand,
  PutSecretValueCommand,
  type PutSecretValueCommandInput,
  UpdateSecretCommand,
  UpdateSecretVersionStageCommand,
} from "@aws-sdk/client-secrets-manager";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type SecretsEndpoint, startSecretsEndpoint } from "./test-endpoint.ts";

const day = 86_400_000;
const [v1, v2, v3] = [randomUUID(), randomUUID(), randomUUID()];

let secrets: SecretsEndpoint;

beforeEach(async () => {
  secrets = await startSecretsEndpoint();
});

afterEach(() => secrets.remove());

const create = (SecretString = "one", Name = "idp/client") =>
  secrets.client.send(new CreateSecretCommand({ Name, SecretString, ClientRequestToken: v1 }));

const put = (input: Omit<PutSecretValueCommandInput, "SecretId">) =>
  secrets.client.send(new PutSecretValueCommand({ SecretId: "idp/client", ...input }));

const moveLabel = (VersionStage: string, RemoveFromVersionId?: string, MoveToVersionId?: string) =>
  secrets.client.send(
    new UpdateSecretVersionStageCommand({
      SecretId: "idp/client",
      VersionStage,
      RemoveFromVersionId,
      MoveToVersionId,
    }),
  );

const stages = async () =>
  (await secrets.client.send(new DescribeSecretCommand({ SecretId: "idp/client" }))).VersionIdsToStages;

const value = async (which: { VersionId?: string; VersionStage?: string } = {}) =>
  (await secrets.client.send(new GetSecretValueCommand({ SecretId: "idp/client", ...which }))).SecretString;

describe("values", () => {
  it("come back by name, ARN and partial ARN", async () => {
    const { ARN = "" } = await create();
    expect(ARN).toMatch(/^arn:aws:secretsmanager:us-east-1:000000000000:secret:idp\/client-[A-Za-z0-9]{6}$/);
    for (const SecretId of ["idp/client", ARN, ARN.slice(0, -7)]) {
      const found = await secrets.client.send(new GetSecretValueCommand({ SecretId }));
      expect(found).toMatchObject({
        ARN,
        Name: "idp/client",
        SecretString: "one",
        VersionId: v1,
        VersionStages: ["AWSCURRENT"],
        CreatedDate: new Date(secrets.clock),
      });
    }
  });

  it("may be bytes", async () => {
    const SecretBinary = randomBytes(40);
    await secrets.client.send(new CreateSecretCommand({ Name: "b", SecretBinary }));
    const found = await secrets.client.send(new GetSecretValueCommand({ SecretId: "b" }));
    expect(Buffer.from(found.SecretBinary ?? [])).toEqual(SecretBinary);
    expect(found.SecretString).toBeUndefined();
  });

  it("go by version and stage", async () => {
    await create();
    await put({ ClientRequestToken: v2, SecretString: "two" });
    expect(await value()).toBe("two");
    expect(await value({ VersionStage: "AWSPREVIOUS" })).toBe("one");
    expect(await value({ VersionId: v1 })).toBe("one");
    await expect(value({ VersionId: v1, VersionStage: "AWSCURRENT" })).rejects.toMatchObject({
      name: "InvalidRequestException",
    });
    await expect(value({ VersionStage: "AWSPENDING" })).rejects.toMatchObject({
      name: "ResourceNotFoundException",
      message: "Secrets Manager can't find the specified secret value for staging label: AWSPENDING",
    });
    await expect(value({ VersionId: v3 })).rejects.toThrow(`for VersionId: ${v3}`);
  });

  it("outlive a restart and stand in no file readable", async () => {
    const secret = `raw-${randomUUID()}`;
    await create(secret);
    await put({ SecretBinary: Buffer.from(secret) });
    for (const file of readdirSync(secrets.folder)) {
      const bytes = readFileSync(join(secrets.folder, file));
      expect(bytes.includes(secret)).toBe(false);
      expect(bytes.includes(Buffer.from(secret).toString("base64"))).toBe(false);
    }
    await secrets.restart();
    expect(await value({ VersionId: v1 })).toBe(secret);
  });
});

describe("kill -9", () => {
  it("loses no value that was acknowledged", async () => {
    await secrets.restart(() => {
      const child = spawnSync(
        process.execPath,
        ["--input-type=module", "-e", createThenDie, secrets.folder],
        {
          encoding: "utf8",
          cwd: import.meta.dirname,
        },
      );
      expect(child.signal, child.stderr).toBe("SIGKILL");
    });
    expect(await value()).toBe("value 19");
    const all = await secrets.client.send(
      new ListSecretVersionIdsCommand({ SecretId: "idp/client", IncludeDeprecated: true }),
    );
    expect(all.Versions).toHaveLength(20);
  });
});

const createThenDie = `
import { openDatabase } from "${import.meta.resolve("../wire/database.ts")}";
import { createKms } from "${import.meta.resolve("../kms/kms.ts")}";
import { createSecretsManager } from "${import.meta.resolve("./secrets-manager.ts")}";
const [folder] = process.argv.slice(1);
const database = openDatabase(folder + "/state.sqlite");
const { cipher } = createKms({ database, keyFile: folder + "/root.key" });
const { operations } = createSecretsManager({ database, cipher }).service;
operations.CreateSecret({ Name: "idp/client" });
for (let n = 0; n < 20; n++) operations.PutSecretValue({ SecretId: "idp/client", SecretString: "value " + n });
process.kill(process.pid, "SIGKILL");
`;

describe("versions", () => {
  it("are named by the request's token: the same value again changes nothing", async () => {
    await create();
    await put({ ClientRequestToken: v2, SecretString: "two" });
    const before = await stages();
    expect(await put({ ClientRequestToken: v2, SecretString: "two" })).toMatchObject({ VersionId: v2 });
    expect(await create()).toMatchObject({ VersionId: v1 });
    expect(await stages()).toEqual(before);
  });

  it("never change their value", async () => {
    await create();
    await expect(put({ ClientRequestToken: v1, SecretString: "other" })).rejects.toMatchObject({
      name: "ResourceExistsException",
    });
    await expect(put({ ClientRequestToken: v1, SecretBinary: Buffer.from("one") })).rejects.toMatchObject({
      name: "ResourceExistsException",
    });
  });

  it("become current, and the last one previous", async () => {
    await create();
    await put({ ClientRequestToken: v2, SecretString: "two" });
    await put({ ClientRequestToken: v3, SecretString: "three" });
    expect(await stages()).toEqual({ [v2]: ["AWSPREVIOUS"], [v3]: ["AWSCURRENT"] });
  });

  it("can be pending beside the current one", async () => {
    await create();
    const answer = await put({ ClientRequestToken: v2, SecretString: "two", VersionStages: ["AWSPENDING"] });
    expect(answer.VersionStages).toEqual(["AWSPENDING"]);
    expect(await stages()).toEqual({ [v1]: ["AWSCURRENT"], [v2]: ["AWSPENDING"] });
  });

  it("are current when they are the first", async () => {
    await secrets.client.send(new CreateSecretCommand({ Name: "idp/client" }));
    await expect(value()).rejects.toMatchObject({ name: "ResourceNotFoundException" });
    await put({ ClientRequestToken: v1, SecretString: "one", VersionStages: ["AWSPENDING"] });
    expect(await stages()).toEqual({ [v1]: ["AWSCURRENT", "AWSPENDING"] });
  });

  it("come with UpdateSecret too", async () => {
    await create();
    const update = (input: object) =>
      secrets.client.send(new UpdateSecretCommand({ SecretId: "idp/client", ...input }));
    expect((await update({ Description: "for the gate" })).VersionId).toBeUndefined();
    expect((await update({ ClientRequestToken: v2, SecretString: "two" })).VersionId).toBe(v2);
    const described = await secrets.client.send(new DescribeSecretCommand({ SecretId: "idp/client" }));
    expect(described).toMatchObject({
      Description: "for the gate",
      VersionIdsToStages: { [v1]: ["AWSPREVIOUS"], [v2]: ["AWSCURRENT"] },
    });
  });

  it("are listed, those without a label when asked for, in pages", async () => {
    await create();
    await put({ ClientRequestToken: v2, SecretString: "two" });
    await put({ ClientRequestToken: v3, SecretString: "three" });
    const list = (input: object) =>
      secrets.client.send(new ListSecretVersionIdsCommand({ SecretId: "idp/client", ...input }));
    expect((await list({})).Versions?.map(({ VersionId }) => VersionId)).toEqual([v2, v3]);
    const first = await list({ IncludeDeprecated: true, MaxResults: 2 });
    const second = await list({ IncludeDeprecated: true, MaxResults: 2, NextToken: first.NextToken });
    const all = [...(first.Versions ?? []), ...(second.Versions ?? [])];
    expect(all.map(({ VersionId }) => VersionId)).toEqual([v1, v2, v3]);
    expect(second.NextToken).toBeUndefined();
  });

  it("are a hundred at most, and a day old before they make room", async () => {
    await create();
    for (let n = 1; n < 100; n++) await put({ SecretString: `value ${n}` });
    await expect(put({ SecretString: "one more" })).rejects.toMatchObject({ name: "LimitExceededException" });
    secrets.clock += day;
    await put({ SecretString: "one more" });
    await expect(value({ VersionId: v1 })).rejects.toMatchObject({ name: "ResourceNotFoundException" });
    expect(await value()).toBe("one more");
  });
});

describe("staging labels", () => {
  beforeEach(async () => {
    await create();
    await put({ ClientRequestToken: v2, SecretString: "two", VersionStages: ["AWSPENDING"] });
  });

  it("make the pending version current and the current one previous", async () => {
    await moveLabel("AWSCURRENT", v1, v2);
    expect(await stages()).toEqual({ [v1]: ["AWSPREVIOUS"], [v2]: ["AWSCURRENT", "AWSPENDING"] });
    await moveLabel("AWSPENDING", v2);
    expect(await stages()).toEqual({ [v1]: ["AWSPREVIOUS"], [v2]: ["AWSCURRENT"] });
  });

  it("go back", async () => {
    await moveLabel("AWSCURRENT", v1, v2);
    await moveLabel("AWSCURRENT", v2, v1);
    expect(await stages()).toEqual({ [v1]: ["AWSCURRENT"], [v2]: ["AWSPENDING", "AWSPREVIOUS"] });
    expect(await value()).toBe("one");
  });

  it("may be moved again to where they are", async () => {
    const before = await stages();
    await moveLabel("AWSCURRENT", undefined, v1);
    await moveLabel("AWSCURRENT", v1, v1);
    expect(await stages()).toEqual(before);
  });

  it("can be new ones", async () => {
    await moveLabel("blue", undefined, v1);
    expect(await value({ VersionStage: "blue" })).toBe("one");
  });

  it.each([
    ["InvalidParameterException", "can't be empty", ["AWSCURRENT", undefined, v2]],
    ["InvalidParameterException", "currently attached to version", ["AWSCURRENT", v2, v1]],
    ["InvalidParameterException", "can't be completely removed", ["AWSCURRENT", v1]],
    ["InvalidParameterException", "attached to no version", ["blue", v1]],
    ["InvalidParameterException", "You must provide", ["blue"]],
    ["ResourceNotFoundException", "can't find", ["AWSCURRENT", v1, v3]],
  ] as const)("refuse with %s: %s", async (name, message, [label, from, to]) => {
    const before = await stages();
    await expect(moveLabel(label, from, to)).rejects.toMatchObject({
      name,
      message: expect.stringContaining(message),
    });
    expect(await stages()).toEqual(before);
  });
});
