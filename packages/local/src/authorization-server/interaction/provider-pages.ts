import type { ErrorOut, KoaContextWithOIDC } from "oidc-provider";
import { escapeHtml, pageHeaders, renderPage } from "./page.ts";

/** Shows an OAuth error to a person; programs get it as JSON. */
export async function renderErrorPage(ctx: KoaContextWithOIDC, out: ErrorOut): Promise<void> {
  const description =
    out.error_description === undefined ? "" : `<p>${escapeHtml(out.error_description)}</p>`;
  show(
    ctx,
    "The request could not be answered",
    `<p class="refusal"><code>${escapeHtml(out.error)}</code></p>${description}`,
  );
}

/** Asks whether to end the session; `form` is the provider's, with id `op.logoutForm`. */
export async function renderSignOutPage(ctx: KoaContextWithOIDC, form: string): Promise<void> {
  show(
    ctx,
    "Sign out?",
    `${form}
<button type="submit" form="op.logoutForm" name="logout" value="yes" autofocus>Sign out</button>
<button type="submit" form="op.logoutForm">Stay signed in</button>`,
  );
}

export async function renderSignedOutPage(ctx: KoaContextWithOIDC): Promise<void> {
  show(ctx, "Signed out", "<p>You can close this page.</p>");
}

function show(ctx: KoaContextWithOIDC, title: string, body: string): void {
  ctx.set(pageHeaders);
  ctx.body = renderPage(title, body);
}
