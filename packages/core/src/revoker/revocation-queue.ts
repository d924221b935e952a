/** One grant to revoke. The intent on the execution's state is the truth; this is only a hint of it. */
export interface RevocationHint {
  readonly executionArn: string;
  readonly grantId: string;
}

export interface RevocationQueue {
  /** @throws {UnavailableError} `store.unavailable`. */
  hint(hint: RevocationHint): Promise<void>;
}
