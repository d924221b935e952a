import { escapeHtml, renderPage } from "./page.ts";

export interface ConsentPage {
  clientName: string;
  sub: string;
  /** What the client will learn about the person, and that it may act later. */
  identityScopes: string[];
  resourceScopes: Record<string, string[]>;
}

export function renderConsentPage({ clientName, sub, identityScopes, resourceScopes }: ConsentPage): string {
  const rights = [
    ...identityScopes.map((scope) => `<li>${describeIdentityScope(scope)}</li>`),
    ...Object.entries(resourceScopes).map(([audience, scopes]) => describeResource(audience, scopes)),
  ];
  return renderPage(
    "Allow access?",
    `<p><strong>${escapeHtml(clientName)}</strong> asks to act for <strong>${escapeHtml(sub)}</strong>.</p>
<ul>${rights.join("")}</ul>
<form method="post">
<button type="submit" name="decision" value="allow" autofocus>Allow</button>
<button type="submit" name="decision" value="deny">Deny</button>
</form>`,
  );
}

function describeIdentityScope(scope: string): string {
  if (scope === "openid") return "Know who you are";
  if (scope === "offline_access") return "Keep this access while you are away";
  return `Read your <code>${escapeHtml(scope)}</code>`;
}

function describeResource(audience: string, scopes: string[]): string {
  const names = scopes.map((scope) => `<code>${escapeHtml(scope)}</code>`).join(", ");
  return `<li>${names} at <code>${escapeHtml(audience)}</code></li>`;
}
