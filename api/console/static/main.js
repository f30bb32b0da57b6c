// The console: its views, and the balance beside them.

import { Refused, insist } from "./api.js";
import { h, number } from "./dom.js";
import { newView } from "./compose.js";
import { draft } from "./garments.js";
import * as session from "./key.js";
import { account, signOutButton, start } from "./shell.js";

const { may, me } = session;
const views = {
  new: async () => ({ newView }),
  looks: () => import("./wall.js"),
  look: () => import("./look.js"),
  credits: () => import("./credits.js"),
  access: () => import("./access.js"),
  webhooks: () => import("./webhooks.js"),
};

async function refreshBalance() {
  let balance = null, isLow = false;
  if (may("jobs:read")) try {
    ({ balance, balance_is_low: isLow } = await insist("GET", "/v1/me"));
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
  }
  if (!me.known) return;
  const isTest = me.known.environment === "test";
  account.replaceChildren(
    isTest ? h("span", { class: "chip", title: "Jobs, credits and uploads of test keys are separate from live ones" }, "Test") : "",
    may("jobs:read") ? h("a", { class: "balance", href: "#/credits" },
      h("b", {}, balance === null ? "?" : number(balance)), balance === 1 ? " credit" : " credits", isLow ? h("span", { class: "chip failure" }, "Low") : "") : "",
    h("span", { class: "key", translate: "no", title: "Whose key this browser is signed in with" }, me.known.tenant_id),
    signOutButton(),
  );
}

addEventListener("beforeunload", (event) => { if (draft.isUploading) event.preventDefault(); });
start({
  session,
  views,
  given: { refreshBalance },
  find: (name, id) => (name === "looks" && id ? "look" : Object.hasOwn(views, name) ? name : "new"),
  parents: { look: "looks" },
  opening: () => {
    draft.belongsTo(me.known);
    refreshBalance();
  },
  left: (why) => { if (!why) dispatchEvent(new CustomEvent("looks:forgotten")); }, // what was made here is forgotten
});
