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
  audits: () => import("./looks.js"),
  actions: () => import("./people.js"),
  operators: () => import("./people.js"),
};

start({
  session,
  views,
  find: (name) => (Object.hasOwn(views, name) ? name : "overview"),
  parents: { request: "letters" },
  opening: () => account.replaceChildren(
    h("b", { translate: "no" }, session.me.known.name), h("span", { class: "role" }, session.me.known.role), signOutButton()),
  left: () => { for (const dialog of document.querySelectorAll("dialog")) dialog.remove(); },
});
