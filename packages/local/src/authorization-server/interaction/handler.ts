import type { IncomingMessage, ServerResponse } from "node:http";
import type Provider from "oidc-provider";
import { errors, type Interaction } from "oidc-provider";
import type { Accounts } from "../accounts.ts";
import { readRequestBody } from "../request-body.ts";
import { renderConsentPage } from "./consent-page.ts";
import { escapeHtml, pageHeaders, renderPage } from "./page.ts";
import { renderSignInPage } from "./sign-in-page.ts";

export interface InteractionDependencies {
  provider: Provider;
  accounts: Accounts;
  /** Scopes of resources, which the consent page shows with their resource. */
  resourceScopes: string[];
  reportFault: (error: unknown) => void;
}

type Exchange = InteractionDependencies & { request: IncomingMessage; response: ServerResponse };

const identityPrompts = {
  login: { show: showSignIn, submit: submitSignIn },
  consent: { show: showConsent, submit: submitConsent },
};

/**
 * Shows the sign-in and consent pages of an authorization request and takes their answers.
 *
 * The interaction is known by its signed, same-site cookie, so another site can't answer for the person.
 */
export function createInteractionHandler(dependencies: InteractionDependencies) {
  return async (uid: string, request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const exchange = { ...dependencies, request, response };
    try {
      await answer(uid, exchange);
    } catch (error) {
      if (error instanceof errors.SessionNotFound) return sendGone(response);
      dependencies.reportFault(error);
      sendPage(response, 500, renderPage("Something went wrong", "<p>Please start again.</p>"));
    }
  };
}

async function answer(uid: string, exchange: Exchange): Promise<void> {
  const { provider, request, response } = exchange;
  const interaction = await provider.interactionDetails(request, response);
  if (interaction.uid !== uid) return sendGone(response);

  const prompt = identityPrompts[interaction.prompt.name as keyof typeof identityPrompts];
  if (request.method === "GET") return prompt.show(interaction, exchange);
  if (request.method !== "POST") {
    response.setHeader("Allow", "GET, POST");
    return sendPage(response, 405, renderPage("Method not allowed", ""));
  }
  const form = new URLSearchParams((await readRequestBody(request)).toString("utf8"));
  if (form.get("decision") === "allow") return prompt.submit(interaction, exchange, form);
  await finish(exchange, { error: "access_denied", error_description: "the person declined" });
}

async function showSignIn(interaction: Interaction, exchange: Exchange): Promise<void> {
  const hint = interaction.params["login_hint"];
  const login = typeof hint === "string" ? hint : "";
  await sendSignIn(interaction, exchange, { status: 200, login, wasRefused: false });
}

async function submitSignIn(
  interaction: Interaction,
  exchange: Exchange,
  form: URLSearchParams,
): Promise<void> {
  const login = form.get("login") ?? "";
  const sub = exchange.accounts.authenticate(login, form.get("password") ?? "");
  if (sub === undefined) return sendSignIn(interaction, exchange, { status: 403, login, wasRefused: true });
  await finish(exchange, { login: { accountId: sub } });
}

async function sendSignIn(
  interaction: Interaction,
  exchange: Exchange,
  { status, login, wasRefused }: { status: number; login: string; wasRefused: boolean },
): Promise<void> {
  const clientName = await nameClient(interaction, exchange);
  sendPage(exchange.response, status, renderSignInPage({ clientName, login, wasRefused }));
}

interface MissingConsent {
  missingOIDCScope?: string[];
  missingOIDCClaims?: string[];
  missingResourceScopes?: Record<string, string[]>;
}

async function showConsent(interaction: Interaction, exchange: Exchange): Promise<void> {
  const missing = interaction.prompt.details as MissingConsent;
  const page = renderConsentPage({
    clientName: await nameClient(interaction, exchange),
    sub: interaction.session?.accountId ?? "",
    identityScopes: (missing.missingOIDCScope ?? []).filter(
      (scope) => !exchange.resourceScopes.includes(scope),
    ),
    resourceScopes: missing.missingResourceScopes ?? {},
  });
  sendPage(exchange.response, 200, page);
}

async function submitConsent(interaction: Interaction, exchange: Exchange): Promise<void> {
  const { provider } = exchange;
  const missing = interaction.prompt.details as MissingConsent;
  const known =
    interaction.grantId === undefined ? undefined : await provider.Grant.find(interaction.grantId);
  const grant =
    known ??
    new provider.Grant({
      accountId: interaction.session?.accountId,
      clientId: String(interaction.params["client_id"]),
    });
  if (missing.missingOIDCScope) grant.addOIDCScope(missing.missingOIDCScope);
  if (missing.missingOIDCClaims) grant.addOIDCClaims(missing.missingOIDCClaims);
  for (const [audience, scopes] of Object.entries(missing.missingResourceScopes ?? {})) {
    grant.addResourceScope(audience, scopes);
  }
  await finish(exchange, { consent: { grantId: await grant.save() } });
}

async function finish(
  exchange: Exchange,
  result: Parameters<Provider["interactionFinished"]>[2],
): Promise<void> {
  const { provider, request, response } = exchange;
  // Only a consent completes what the sign-in before it left.
  await provider.interactionFinished(request, response, result, {
    mergeWithLastSubmission: "consent" in result,
  });
}

async function nameClient({ params }: Interaction, { provider }: Exchange): Promise<string> {
  const clientId = String(params["client_id"]);
  return (await provider.Client.find(clientId))?.clientName ?? clientId;
}

function sendGone(response: ServerResponse): void {
  const advice = escapeHtml("Go back to the application and start again.");
  sendPage(response, 400, renderPage("This sign-in has expired", `<p>${advice}</p>`));
}

function sendPage(response: ServerResponse, status: number, page: string): void {
  response.writeHead(status, pageHeaders).end(page);
}
