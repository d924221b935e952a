import { randomUUID } from "node:crypto";
import {
  CreateSecretCommand,
  DeleteSecretCommand,
  DescribeSecretCommand,
  GetSecretValueCommand,
  ListSecretsCommand,
  PutSecretValueCommand,
  type PutSecretValueCommandInput,
  RestoreSecretCommand,
  RotateSecretCommand,
  TagResourceCommand,
  UntagResourceCommand,
  UpdateSecretVersionStageCommand,
} from "@aws-sdk/client-secrets-manager";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type SecretsEndpoint, startSecretsEndpoint } from "./test-endpoint.ts";

const day = 86_400_000;
const v1 = randomUUID();

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

const value = async (which: { VersionId?: string; VersionStage?: string } = {}) =>
  (await secrets.client.send(new GetSecretValueCommand({ SecretId: "idp/client", ...which }))).SecretString;

describe("secrets", () => {
  it("have a name of their own", async () => {
    await create();
    const again = secrets.client.send(new CreateSecretCommand({ Name: "idp/client", SecretString: "one" }));
    await expect(again).rejects.toMatchObject({
      name: "ResourceExistsException",
      message: "The operation failed because the secret idp/client already exists.",
    });
  });

  it("are described without their values", async () => {
    await secrets.client.send(
      new CreateSecretCommand({
        Name: "idp/client",
        Description: "d",
        SecretString: "one",
        ClientRequestToken: v1,
        Tags: [{ Key: "team", Value: "a" }],
      }),
    );
    await value();
    const described = await secrets.client.send(new DescribeSecretCommand({ SecretId: "idp/client" }));
    expect(described).toMatchObject({
      Description: "d",
      CreatedDate: new Date(secrets.clock),
      LastChangedDate: new Date(secrets.clock),
      LastAccessedDate: new Date(Date.UTC(2024, 4, 1)),
      VersionIdsToStages: { [v1]: ["AWSCURRENT"] },
      Tags: [{ Key: "team", Value: "a" }],
    });
    expect(JSON.stringify(described)).not.toContain('"one"');
  });

  it("take and lose tags", async () => {
    await create();
    const tag = (Tags: Array<{ Key: string; Value: string }>) =>
      secrets.client.send(new TagResourceCommand({ SecretId: "idp/client", Tags }));
    await tag([
      { Key: "a", Value: "1" },
      { Key: "b", Value: "2" },
    ]);
    await tag([{ Key: "a", Value: "3" }]);
    await secrets.client.send(new UntagResourceCommand({ SecretId: "idp/client", TagKeys: ["b", "c"] }));
    const { Tags } = await secrets.client.send(new DescribeSecretCommand({ SecretId: "idp/client" }));
    expect(Tags).toEqual([{ Key: "a", Value: "3" }]);
    const many = Array.from({ length: 50 }, (_, n) => ({ Key: `k${n}`, Value: "" }));
    await expect(tag(many)).rejects.toMatchObject({ name: "LimitExceededException" });
  });

  it("are listed in pages", async () => {
    for (const name of ["c", "a", "b"]) await create("x", name);
    const first = await secrets.client.send(new ListSecretsCommand({ MaxResults: 2 }));
    const second = await secrets.client.send(
      new ListSecretsCommand({ MaxResults: 2, NextToken: first.NextToken }),
    );
    const names = [...(first.SecretList ?? []), ...(second.SecretList ?? [])].map(({ Name }) => Name);
    expect(names).toEqual(["a", "b", "c"]);
    await expect(secrets.client.send(new ListSecretsCommand({ NextToken: "x" }))).rejects.toMatchObject({
      name: "InvalidNextTokenException",
    });
  });
});

describe("deletion", () => {
  const remove = (input: object = {}) =>
    secrets.client.send(new DeleteSecretCommand({ SecretId: "idp/client", ...input }));

  it("leaves a window in which nothing works but restoring", async () => {
    await create();
    const { DeletionDate } = await remove({ RecoveryWindowInDays: 7 });
    expect(DeletionDate).toEqual(new Date(secrets.clock + 7 * day));
    const marked = "You can't perform this operation on the secret because it was marked for deletion.";
    for (const attempt of [value(), put({ SecretString: "x" }), moveLabel("a", undefined, v1), remove()]) {
      await expect(attempt).rejects.toMatchObject({ name: "InvalidRequestException", message: marked });
    }
    await expect(create()).rejects.toThrow("already scheduled for deletion");
    expect((await secrets.client.send(new ListSecretsCommand({}))).SecretList).toEqual([]);
    const planned = await secrets.client.send(new ListSecretsCommand({ IncludePlannedDeletion: true }));
    expect(planned.SecretList).toMatchObject([{ Name: "idp/client", DeletedDate: DeletionDate }]);
    await secrets.client.send(new RestoreSecretCommand({ SecretId: "idp/client" }));
    expect(await value()).toBe("one");
  });

  it("is done when the window is over", async () => {
    await create();
    await remove();
    secrets.clock += 30 * day;
    await expect(
      secrets.client.send(new RestoreSecretCommand({ SecretId: "idp/client" })),
    ).rejects.toMatchObject({
      name: "ResourceNotFoundException",
      message: "Secrets Manager can't find the specified secret.",
    });
  });

  it("can be at once, and gives the name a new ARN", async () => {
    const first = await create();
    await remove({ ForceDeleteWithoutRecovery: true });
    await remove({ ForceDeleteWithoutRecovery: true });
    const second = await create("two");
    expect(second.ARN).not.toBe(first.ARN);
    await expect(
      secrets.client.send(new GetSecretValueCommand({ SecretId: first.ARN })),
    ).rejects.toMatchObject({
      name: "ResourceNotFoundException",
    });
  });

  it.each([
    [{ RecoveryWindowInDays: 7, ForceDeleteWithoutRecovery: true }, "in conjunction"],
    [{ RecoveryWindowInDays: 6 }, "between 7 and 30 days"],
    [{ RecoveryWindowInDays: 31 }, "between 7 and 30 days"],
  ])("refuses %o", async (input, message) => {
    await create();
    await expect(remove(input)).rejects.toMatchObject({
      name: "InvalidParameterException",
      message: expect.stringContaining(message),
    });
  });
});

describe("refusals", () => {
  const newSecret = (input: object) => new CreateSecretCommand({ Name: "a", ...input });

  it.each([
    ["KmsKeyId", newSecret({ KmsKeyId: "alias/a" })],
    ["AddReplicaRegions", newSecret({ AddReplicaRegions: [{ Region: "eu-west-1" }] })],
    ["Invalid name", newSecret({ Name: "a b" })],
    ["can't specify both", newSecret({ SecretString: "a", SecretBinary: Buffer.from("a") })],
    ["at most 65536", newSecret({ SecretString: "x".repeat(65_537) })],
    ["Filters", new ListSecretsCommand({ Filters: [{ Key: "name", Values: ["a"] }] })],
    ["either SecretString or SecretBinary", new PutSecretValueCommand({ SecretId: "there" })],
  ])("name %s", async (message, command) => {
    await create("x", "there");
    await expect(secrets.client.send(command as CreateSecretCommand)).rejects.toThrow(message);
  });

  it("leave nothing behind of a request that fails half way", async () => {
    await create("x", "there");
    const labels = Array.from({ length: 20 }, (_, n) => `l${n}`);
    const first = new PutSecretValueCommand({ SecretId: "there", SecretString: "y", VersionStages: labels });
    const { VersionId } = await secrets.client.send(first);
    const crowded = new UpdateSecretVersionStageCommand({
      SecretId: "there",
      VersionStage: "l20",
      MoveToVersionId: VersionId,
    });
    await expect(secrets.client.send(crowded)).rejects.toMatchObject({ name: "LimitExceededException" });
    const described = await secrets.client.send(new DescribeSecretCommand({ SecretId: "there" }));
    expect(described.VersionIdsToStages?.[VersionId ?? ""]).toHaveLength(20);
  });

  it("answer UnknownOperationException to rotation", async () => {
    const rotate = new RotateSecretCommand({ SecretId: "a" });
    await expect(secrets.client.send(rotate)).rejects.toMatchObject({ name: "UnknownOperationException" });
  });
});
