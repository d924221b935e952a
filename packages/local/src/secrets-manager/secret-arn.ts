import { randomInt } from "node:crypto";
import { account, region } from "../wire/account.ts";

const prefix = `arn:aws:secretsmanager:${region}:${account}:secret:`;
const suffixAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/** A new ARN for a name; six random characters keep it apart from an earlier secret of that name. */
export function newSecretArn(name: string): string {
  const suffix = Array.from({ length: 6 }, () => suffixAlphabet.charAt(randomInt(suffixAlphabet.length)));
  return `${prefix}${name}-${suffix.join("")}`;
}

/** The name in a `SecretId` that is a name, or an ARN without the six characters. */
export function nameInReference(reference: string): string {
  return reference.startsWith(prefix) ? reference.slice(prefix.length) : reference;
}
