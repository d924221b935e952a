import { hash, timingSafeEqual } from "node:crypto";
import type { Account, AccountClaims } from "oidc-provider";
import type { AccountRecord } from "./options.ts";

export type Accounts = ReturnType<typeof indexAccounts>;

/** The people who can sign in. */
export function indexAccounts(records: AccountRecord[]) {
  const bySub = new Map(records.map((record) => [record.sub, record]));
  const byLogin = new Map(records.flatMap((record) => loginsOf(record).map((login) => [login, record])));
  return {
    /** The `sub` of whoever these credentials are of; a person without a password gives an empty one. */
    authenticate(login: string, password: string): string | undefined {
      const record = byLogin.get(login.trim().toLowerCase());
      // Compared also for an unknown name, so that timing tells nothing about who exists.
      const isRight = isSame(record?.password ?? "", password);
      return record && isRight ? record.sub : undefined;
    },
    find(sub: string): Account | undefined {
      const record = bySub.get(sub);
      return record && { accountId: sub, claims: () => identityClaims(record) };
    },
    /** What a person's access tokens say beside the registered claims (RFC 9068 §2.2.3). */
    tokenClaims: (sub: string): Record<string, unknown> => bySub.get(sub)?.claims ?? {},
    /** Names of all claims that some account has of its own. */
    claimNames: [...new Set(records.flatMap(({ claims }) => Object.keys(claims ?? {})))],
  };
}

function loginsOf({ sub, email }: AccountRecord): string[] {
  return [sub, ...(email === undefined ? [] : [email])].map((login) => login.toLowerCase());
}

function identityClaims({ sub, name, email, claims }: AccountRecord): AccountClaims {
  return {
    ...claims,
    sub,
    ...(name === undefined ? {} : { name }),
    ...(email === undefined ? {} : { email }),
  };
}

function isSame(expected: string, actual: string): boolean {
  return timingSafeEqual(hash("sha256", expected, "buffer"), hash("sha256", actual, "buffer"));
}
