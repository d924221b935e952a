import type { Actor } from "../entry/entry.ts";
import type { TokenVerifier, VerifiedToken } from "../token/verified-token.ts";
import { isReference, type Pseudonyms } from "./pseudonyms.ts";

/**
 * Verifies as `verifier` does, and names whoever may be a person by a reference from there on: what no code
 * behind it is given, none can store or send.
 *
 * A client that acts for itself is no person and keeps its name: a subject that is the token's own client, and
 * an actor that is this client or Countersign's own at the issuer. Any other may be a person.
 */
export function createPseudonymousVerifier(
  verifier: TokenVerifier,
  pseudonyms: Pick<Pseudonyms, "referenceTo">,
  ownClientAt: (issuer: string) => string,
): TokenVerifier {
  return {
    async verify(raw) {
      const token = await verifier.verify(raw);
      const [subject, ...actors] = await Promise.all([
        isClient(token.subject.sub, [token.clientId]) ? token.subject : pseudonyms.referenceTo(token.subject),
        ...token.actors.map((actor) => recordedActor(actor, token, pseudonyms, ownClientAt)),
      ]);
      return { ...token, subject, actors, providerSubject: token.subject };
    },
  };
}

async function recordedActor(
  actor: Actor,
  token: VerifiedToken,
  pseudonyms: Pick<Pseudonyms, "referenceTo">,
  ownClientAt: (issuer: string) => string,
): Promise<Actor> {
  // An actor without an issuer is one of the token's own (RFC 8693 §4.1).
  const iss = actor.iss ?? token.subject.iss;
  const clients = iss === token.subject.iss ? [token.clientId, ownClientAt(iss)] : [];
  if (isClient(actor.sub, clients)) return actor;
  const { sub } = await pseudonyms.referenceTo({ iss, sub: actor.sub });
  return { ...actor, sub };
}

/** A client that is named like a reference would be taken for whomever that stands for. */
function isClient(sub: string, clients: readonly string[]): boolean {
  return clients.includes(sub) && !isReference(sub);
}
