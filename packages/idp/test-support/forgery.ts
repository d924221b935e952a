import { type ForgeKey, forge, type Segment } from "./token-forge.ts";

/** What a forger has at hand: the issuer's published keys, and, to show the other checks, its signature. */
export interface Forgery {
  readonly issuer: string;
  /** Epoch seconds. */
  readonly now: number;
  readonly claims: Readonly<Record<string, unknown>>;
  readonly es256: ForgeKey;
  readonly rs256: ForgeKey;
  /** A key nobody published. */
  readonly foreign: ForgeKey;
}

/** Name, error code, field at fault, and the token. */
export type Hostile = readonly [
  what: string,
  code: string,
  field: string | undefined,
  make: (f: Forgery) => string,
];

export const headerOf = ({ alg, kid }: ForgeKey, changes: object = {}): object => ({
  alg,
  typ: "at+jwt",
  kid,
  ...changes,
});
export const withHeader = (changes: object) => (f: Forgery) =>
  forge(f.es256, headerOf(f.es256, changes), f.claims);
export const withRawHeader = (make: (f: Forgery) => Segment) => (f: Forgery) =>
  forge(f.es256, make(f), f.claims);
export const signed = (f: Forgery, payload: Segment): string => forge(f.es256, headerOf(f.es256), payload);
export const sound = (f: Forgery): string => signed(f, f.claims);
export const segments = (token: string) => token.split(".") as [string, string, string];
