import { escapeHtml, renderPage } from "./page.ts";

export interface SignInPage {
  clientName: string;
  /** What was typed before, or the client's `login_hint`. */
  login: string;
  wasRefused: boolean;
}

export function renderSignInPage({ clientName, login, wasRefused }: SignInPage): string {
  const refusal = wasRefused ? '<p class="refusal" role="alert">Name or password is wrong.</p>' : "";
  return renderPage(
    "Sign in",
    `<p>to continue to <strong>${escapeHtml(clientName)}</strong></p>
${refusal}
<form method="post" autocomplete="on">
<label>Name or email
<input name="login" value="${escapeHtml(login)}" autocomplete="username" required autofocus></label>
<label>Password
<input name="password" type="password" autocomplete="current-password"></label>
<button type="submit" name="decision" value="allow">Sign in</button>
<button type="submit" name="decision" value="deny" formnovalidate>Cancel</button>
</form>`,
  );
}
