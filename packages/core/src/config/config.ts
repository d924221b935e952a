import { z } from "zod";
import { InvalidInputError, RefusedError } from "../error/errors.ts";
import { grantModes, profileNames } from "../token/profiles.ts";
import { checkIssuerProfile, checkLifetimes, fault, withProfileDefaults } from "./config-checks.ts";
import { durationSeconds } from "./duration.ts";

const scopeToken = z
  .string()
  .regex(
    /^[\x21\x23-\x5b\x5d-\x7e]{1,256}$/,
    "expected a scope token (RFC 6749 §3.3): printable, no space, quote or backslash",
  );
const scopeList = z.array(scopeToken).max(64);
const name = z.string().regex(/^[A-Za-z0-9_-]{1,80}$/, "expected 1 to 80 letters, digits, - or _");
const duration = z.string().transform((text, context) => {
  const seconds = durationSeconds(text);
  if (seconds === undefined) {
    context.addIssue({
      code: "custom",
      message: `"${text}" is not a duration, expected a number and s, m, h or d, as in 15m`,
    });
    return z.NEVER;
  }
  return seconds;
});
const httpsUrl = z.url().refine(isSecureUrl, "expected an https URL (http only on a loopback address)");

const issuerFields = z.strictObject({
  issuer: httpsUrl,
  /** The audience a caller's token must carry: this gate. */
  audience: z.string().min(1).max(512).optional(),
  /** Whose access tokens they are, and so what is checked in them. */
  profile: z.enum(profileNames, `expected one of ${profileNames.join(", ")}`),
  /** The clients whose tokens are taken, for a profile whose tokens name no audience. */
  clients: z.array(z.string().min(1).max(256)).min(1).max(64).optional(),
  /** How grants come by their identity: by default as the profile's provider can. */
  grants: z.enum(grantModes, `expected one of ${grantModes.join(", ")}`).optional(),
  algorithms: z
    .array(z.enum(["RS256", "PS256", "ES256", "ES384", "EdDSA"]))
    .min(1)
    .default(["ES256", "RS256", "PS256"]),
  /** Whether opaque tokens are taken too, by introspection (RFC 7662). */
  opaqueTokens: z.boolean().default(false),
  /** Countersign's own client at this issuer; `secret` names a secret in Secrets Manager. */
  client: z.strictObject({
    id: z.string().min(1).max(256),
    secret: z.string().min(1).max(512),
    method: z.enum(["client_secret_basic", "client_secret_post"]).default("client_secret_basic"),
  }),
  /** The audience grant tokens are exchanged for; never the gate's own, or a grant could start workflows. */
  grantAudience: z.string().min(1).max(512).optional(),
  clockSkew: duration.default(60),
  maxTokenLifetime: duration.default(86_400),
  /** Whether one token may start one execution only, or many. */
  tokenUse: z.enum(["many", "once"]).default("many"),
  claims: z
    .strictObject({
      /** Claims copied into entries. */
      record: z.array(z.string().min(1).max(128)).max(32).default([]),
      /** Claims kept only encrypted under the subject's key. */
      personal: z.array(z.string().min(1).max(128)).max(32).default([]),
    })
    .prefault({}),
});

const issuerSchema = issuerFields.superRefine(checkIssuerProfile).transform(withProfileDefaults);

const operationSchema = z.strictObject({
  scopes: scopeList.default([]),
  /** Only for executions the caller's own subject and client started. */
  own: z.boolean().default(true),
});

const workflowSchema = z.strictObject({
  /** Name of the state machine, or its ARN, which may be a version's or an alias'. */
  stateMachine: z.string().min(1).max(512),
  start: z.strictObject({ scopes: scopeList.min(1, "expected at least one scope") }),
  /** First role whose scopes the token holds, in the order written. */
  roles: z.record(name, z.strictObject({ scopes: scopeList.min(1) })).default({}),
  /** Scopes asked for the grant token; by default those of start. */
  grant: z.strictObject({ scopes: scopeList.min(1) }).optional(),
  limits: z
    .strictObject({
      tokenLifetime: duration.optional(),
      /**
       * How long an execution may need its grant: checked when this is loaded, for no grant is renewed. What ends
       * an execution is its state machine's own timeout.
       */
      executionTime: duration.optional(),
      startsPerMinute: z.int().min(1).max(600_000).optional(),
      startsPerMinuteOfClient: z.int().min(1).max(600_000).optional(),
      startsPerMinuteOfSubject: z.int().min(1).max(600_000).optional(),
    })
    .prefault({}),
  agents: z
    .strictObject({
      allow: z.boolean().default(false),
      scopes: scopeList.default([]),
      maxDelegation: z.int().min(1).max(16).default(1),
    })
    .prefault({}),
  revoke: z
    .strictObject({
      on: z.array(z.enum(["FAILED", "TIMED_OUT", "ABORTED"])).default(["FAILED", "TIMED_OUT", "ABORTED"]),
    })
    .prefault({}),
  operate: z
    .strictObject({ status: operationSchema.prefault({}), stop: operationSchema.prefault({}) })
    .prefault({}),
});

/** A state machine of the embedded runtime: its definition and the functions its tasks name. */
const localSchema = z.strictObject({
  stateMachines: z
    .record(
      name,
      z.strictObject({
        definition: z.string().min(1),
        functions: z.record(name, z.string().min(1)).default({}),
      }),
    )
    .default({}),
  clients: z
    .record(
      z.string().min(1).max(256),
      z.strictObject({
        scopes: scopeList,
        agent: z.boolean().default(false),
        redirectUris: z.array(z.url()).default([]),
      }),
    )
    .default({}),
  people: z.record(name, z.strictObject({ name: z.string().max(256), email: z.email() })).default({}),
});

export const configSchema = z
  .strictObject({
    issuers: z.array(issuerSchema).min(1, "expected at least one issuer"),
    workflows: z.record(name, workflowSchema),
    /** Who may read the ledger. */
    audit: z.strictObject({ scopes: scopeList.min(1) }).prefault({ scopes: ["audit:read"] }),
    /** Who may list and redrive dead letters, and erase subjects. */
    operations: z.strictObject({ scopes: scopeList.min(1) }).prefault({ scopes: ["operations:write"] }),
    /** How people are named on the record: as the provider does, or by a random reference in place of `sub`. */
    subjects: z
      .enum(["identifier", "pseudonym"], 'expected "identifier" or "pseudonym"')
      .default("identifier"),
    /** What only the embedded runtime reads. */
    local: localSchema.prefault({}),
  })
  .superRefine(checkIssuers)
  .superRefine(checkWorkflows)
  .superRefine(checkLifetimes);

/** What a user writes in `countersign.config.ts`. */
export type ConfigInput = z.input<typeof configSchema>;
/** The configuration after validation, with defaults and durations in seconds. */
export type Config = z.output<typeof configSchema>;
export type IssuerConfig = Config["issuers"][number];
export type WorkflowConfig = Config["workflows"][string];

/** Types a configuration; it is validated where it is loaded. */
export function defineConfig(config: ConfigInput): ConfigInput {
  return config;
}

/**
 * Validates a configuration and fills in its defaults.
 *
 * @throws {InvalidInputError} `config.invalid`, one line for each fault with its field and what was expected.
 */
export function parseConfig(input: unknown): Config {
  const parsed = configSchema.safeParse(input);
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues.map(
    (issue) => `${issue.path.join(".") || "config"}: ${issueText(issue)}`,
  );
  throw new InvalidInputError("config.invalid", faults.join("\n"), {
    field: parsed.error.issues[0]?.path.join(".") ?? "config",
  });
}

function issueText(issue: z.core.$ZodIssue): string {
  if (issue.code === "unrecognized_keys")
    return `unknown field ${issue.keys.map((key) => `"${key}"`).join(", ")}`;
  return issue.message;
}

function isSecureUrl(text: string): boolean {
  const url = URL.parse(text);
  if (!url) return false;
  if (url.protocol === "https:") return true;
  return url.protocol === "http:" && ["127.0.0.1", "localhost", "[::1]"].includes(url.hostname);
}

type Unchecked = {
  issuers: z.output<typeof issuerSchema>[];
  workflows: Record<string, z.output<typeof workflowSchema>>;
};

function checkIssuers(config: Unchecked, context: z.core.$RefinementCtx): void {
  const seen = new Set<string>();
  for (const [index, issuer] of config.issuers.entries()) {
    const at = ["issuers", index];
    if (seen.has(issuer.issuer)) fault(context, [...at, "issuer"], `"${issuer.issuer}" is listed twice`);
    seen.add(issuer.issuer);
    if (issuer.grants !== "inbound_only" && issuer.grantAudience === issuer.audience) {
      fault(
        context,
        [...at, "grantAudience"],
        "must differ from audience, or a grant token could start workflows",
      );
    }
    const both = issuer.claims.personal.find((claim) => issuer.claims.record.includes(claim));
    if (both)
      fault(context, [...at, "claims"], `"${both}" is both recorded and personal, expected one of the two`);
  }
}

function checkWorkflows(config: Unchecked, context: z.core.$RefinementCtx): void {
  const owner = new Map<string, string>();
  for (const [workflow, policy] of Object.entries(config.workflows)) {
    const machine = unqualified(policy.stateMachine);
    const other = owner.get(machine);
    if (other)
      fault(
        context,
        ["workflows", workflow, "stateMachine"],
        `"${machine}" already belongs to workflow "${other}"`,
      );
    owner.set(machine, workflow);
  }
}

/** What a configuration says of an issuer. @throws {RefusedError} `token.issuer_unknown`. */
export function issuerOf(config: Config, issuer: string): IssuerConfig {
  const found = config.issuers.find((one) => one.issuer === issuer);
  if (found) return found;
  throw new RefusedError("token.issuer_unknown", '"iss" is not a configured issuer', { field: "iss" });
}

/** A state machine ARN or name without version or alias. */
export function unqualified(stateMachine: string): string {
  return stateMachine.startsWith("arn:") ? stateMachine.split(":").slice(0, 7).join(":") : stateMachine;
}
