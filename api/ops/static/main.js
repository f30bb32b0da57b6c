// The operators' console: its views, and who is signed in beside them.

import { h } from "/console/dom.js";
import { account, signOutButton, start } from "/console/shell.js";
import * as session from "./session.js";

const views = {
  overview: () => import("./overview.js"),
  letters: () => import("./letters.js"),
  quarantine: () => import("./letters.js"),
  request: () => import("./request.js"),
  looks: () => import("./looks.js"),
  tenants: () => import("./tenants.js"),
  erasures: () => import("./erasures.js"),
  audits: () => import("./audits.js"),
  actions: () => import("./people.js"),
  operators: () => import("./people.js"),
};

/** Where people sign in at a provider, a link there; it leads back to the view that was asked for. */
function offerProvider(form) {
  const { name } = session.provider;
  if (!name) return;
  const here = location.hash.startsWith("#/") ? `/ops${location.hash}` : "/ops";
  form.before(h("a", { class: "button primary", href: `/ops/v1/sign-in?page=${encodeURIComponent(here)}` }, `Sign in with ${name}`));
}

start({
  session,
  views,
  find: (name) => (Object.hasOwn(views, name) ? name : "overview"),
  parents: { request: "letters" },
  opening: () => account.replaceChildren(
    h("b", { translate: "no" }, session.me.known.name), h("span", { class: "role" }, session.me.known.role), signOutButton()),
  gated: offerProvider,
  left: () => { for (const dialog of document.querySelectorAll("dialog")) dialog.remove(); },
});
