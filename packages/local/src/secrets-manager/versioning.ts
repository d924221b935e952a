import { alreadyExists, invalidParameter, limitExceeded, notFound } from "./errors.ts";
import type { Secret, SecretStore, SecretVersion } from "./secret-store.ts";
import { isSameValue, openValue, type SecretValue, sealValue, type ValueCipher } from "./secret-value.ts";

export const current = "AWSCURRENT";
export const previous = "AWSPREVIOUS";

const mostVersions = 100;
const mostLabels = 20;
const dayMs = 86_400_000;

export interface VersionRequest {
  readonly versionId: string;
  readonly value: SecretValue;
  /** AWSCURRENT when absent. */
  readonly labels?: readonly string[] | undefined;
}

/**
 * Adds a version and moves its labels to it; the first version is always current.
 *
 * The version id is the request's token: the same value under it again changes nothing.
 *
 * @throws {AwsError} ResourceExistsException when the token stands for another value,
 * LimitExceededException when there is no room.
 */
export function putVersion(
  store: SecretStore,
  cipher: ValueCipher,
  secret: Secret,
  request: VersionRequest,
  nowMs: number,
): void {
  if (isRepeated(store, cipher, secret.arn, request)) return;
  makeRoom(store, secret.arn, nowMs);
  const place = { arn: secret.arn, versionId: request.versionId, kind: request.value.kind };
  store.addVersion({ ...place, sealed: sealValue(cipher, place, request.value), createdAt: nowMs });
  const labels = new Set(request.labels ?? [current]);
  if (!store.labels(secret.arn).has(current)) labels.add(current);
  for (const label of labels) moveLabel(store, secret.arn, label, request.versionId);
  store.save({ ...secret, changedAt: nowMs });
}

/**
 * True when the version is there with the same value.
 *
 * @throws {AwsError} ResourceExistsException when it is there with another value.
 */
export function isRepeated(
  store: SecretStore,
  cipher: ValueCipher,
  arn: string,
  { versionId, value }: Pick<VersionRequest, "versionId" | "value">,
): boolean {
  const existing = store.findVersion(arn, versionId);
  if (!existing) return false;
  if (isSameValue(openValue(cipher, existing), value)) return true;
  throw alreadyExists(
    `A version with the ID ${versionId} already exists, and its value is not the one in the request.`,
  );
}

/** As on AWS, versions without a label make room when they are a day old. */
function makeRoom(store: SecretStore, arn: string, nowMs: number): void {
  const versions = store.listVersions(arn);
  if (versions.length < mostVersions) return;
  const labelled = new Set(store.labels(arn).values());
  const surplus = versions.find((version) => isSurplus(version, labelled, nowMs));
  if (!surplus)
    throw limitExceeded(`A secret has at most ${mostVersions} versions, new ones for a day at least.`);
  store.removeVersion(arn, surplus.versionId);
}

function isSurplus(version: SecretVersion, labelled: ReadonlySet<string>, nowMs: number): boolean {
  return !labelled.has(version.versionId) && nowMs - version.createdAt >= dayMs;
}

export interface LabelMove {
  readonly label: string;
  readonly from?: string | undefined;
  readonly to?: string | undefined;
}

/**
 * Moves, attaches or removes a label as UpdateSecretVersionStage does: who takes a label off a version must name it.
 *
 * @throws {AwsError} InvalidParameterException, ResourceNotFoundException, LimitExceededException.
 */
export function updateLabel(store: SecretStore, arn: string, move: LabelMove): void {
  const { label, from, to } = move;
  const holder = store.labels(arn).get(label);
  requireNamedHolder(move, holder);
  if (to === undefined) {
    if (from === undefined)
      throw invalidParameter("You must provide RemoveFromVersionId or MoveToVersionId.");
    if (label === current) {
      throw invalidParameter(
        `You can only move staging label ${current} to a different secret version. It can't be completely removed.`,
      );
    }
    store.removeLabel(arn, label);
    return;
  }
  if (!store.findVersion(arn, to)) {
    throw notFound(`Secrets Manager can't find the specified secret version: ${to}.`);
  }
  if (holder !== to) moveLabel(store, arn, label, to);
}

function requireNamedHolder({ label, from, to }: LabelMove, holder: string | undefined): void {
  if (from !== undefined && from !== holder) {
    throw invalidParameter(
      `The parameter RemoveFromVersionId is not valid. Staging label ${label} is ${holder === undefined ? "attached to no version" : `currently attached to version ${holder}`}.`,
    );
  }
  if (from === undefined && holder !== undefined && holder !== to) {
    throw invalidParameter(
      `The parameter RemoveFromVersionId can't be empty. Staging label ${label} is currently attached to version ${holder}, so you must explicitly reference that version in RemoveFromVersionId.`,
    );
  }
}

/** Where AWSCURRENT was, AWSPREVIOUS goes. */
function moveLabel(store: SecretStore, arn: string, label: string, to: string): void {
  const labels = store.labels(arn);
  const left = labels.get(label);
  const borne = [...labels].filter(([name, versionId]) => versionId === to && name !== label).length;
  if (borne >= mostLabels) throw limitExceeded(`A version has at most ${mostLabels} staging labels.`);
  store.setLabel(arn, label, to);
  if (label === current && left !== undefined && left !== to) store.setLabel(arn, previous, left);
}

/** The labels of each version that has any, as the wire carries them. */
export function versionsToStages(store: SecretStore, arn: string): Record<string, string[]> {
  const stages: Record<string, string[]> = {};
  for (const [label, versionId] of store.labels(arn)) {
    stages[versionId] = [...(stages[versionId] ?? []), label];
  }
  return stages;
}
