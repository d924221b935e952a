/**
 * Which grant a seal belongs to. It opens under the execution and redrive as encryption context; the grant's
 * own id keeps two attempts at one start from writing over each other's seal.
 */
export interface SealContext {
  readonly grantId: string;
  readonly executionArn: string;
  readonly redriveCount: number;
}

/** Encrypts grant tokens. */
export interface Sealer {
  /**
   * Asks for the data key ahead of the token, so that the wait falls beside other waits.
   *
   * Nothing is stored until {@link PreparedSeal.store}.
   */
  prepare(context: SealContext): PreparedSeal;
}

export interface PreparedSeal {
  /**
   * Encrypts the token under a data key from KMS with the context, and stores it; resolves once durable.
   *
   * The seal is kept until the token has expired, at `expiresAt` in epoch milliseconds; where that is not known,
   * for a time of the store's own.
   *
   * @throws {UnavailableError} `store.unavailable`.
   */
  store(token: string, expiresAt: number | undefined): Promise<void>;
}

/** Opens seals; given to the revoker and the broker alone. */
export interface SealOpener {
  /** The grant token, or undefined when there is no seal. @throws {IntegrityError} when it does not open. */
  open(context: SealContext): Promise<string | undefined>;

  /**
   * Removes the seal of a grant that is concluded; absent is success. What is never discarded, as the seal of a
   * grant that closed with success, ends with its token.
   *
   * @throws {UnavailableError} `store.unavailable`.
   */
  discard(context: SealContext): Promise<void>;
}
