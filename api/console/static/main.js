// The console: a sign-in, a view for each hash, and the balance beside it.

import { Refused, insist } from "./api.js";
import { announce, arrived, h, number, problem } from "./dom.js";
import { newView } from "./compose.js";
import { draft } from "./garments.js";
import { may, me, recall, signIn, signOut } from "./key.js";
import { wallView } from "./wall.js";

const main = document.getElementById("main");
const nav = document.getElementById("nav");
const account = document.getElementById("account");
const VIEWS = {
  new: newView, looks: wallView,
  look: async (shown) => (await arrived(import("./look.js"))).lookView(shown),
  credits: async (shown) => (await arrived(import("./credits.js"))).creditsView(shown),
  access: async (shown) => (await arrived(import("./access.js"))).accessView(shown),
  webhooks: async (shown) => (await arrived(import("./webhooks.js"))).webhooksView(shown),
};

let leaving = new AbortController();
let began = false;

/** `#/looks?show=failed` is the wall, `#/looks/ID` one look. */
function route() {
  const [path, query = ""] = location.hash.slice(2).split("?");
  const [name, id] = path.split("/");
  const found = name === "looks" && id ? "look" : name in VIEWS ? name : "new";
  return { name: found, id: id ? decodeURIComponent(id) : null, query: new URLSearchParams(query) };
}

async function show() {
  leaving.abort();
  leaving = new AbortController();
  const { signal } = leaving;
  if (!me.known) {
    try {
      if (!(await recall(signal))) return showGate();
    } catch (error) {
      if (signal.aborted) return;
      main.replaceChildren(h("div", { class: "view" }, h("h1", {}, "Looks"), problem(error, show)));
      return;
    }
  }
  const { name, id, query } = route();
  nav.hidden = account.hidden = false;
  document.body.className = "";
  for (const link of nav.querySelectorAll("a")) {
    const here = link.hash.slice(2) === (name === "look" ? "looks" : name);
    if (here) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  const view = h("div", { class: `view ${name}-view` });
  main.replaceChildren(view);
  try {
    draft.belongsTo(me.known);
    refreshBalance();
    const left = await VIEWS[name]({ view, id, query, signal, refreshBalance });
    if (!signal.aborted) settle(view, left);
  } catch (error) {
    if (signal.aborted) return;
    view.append(problem(error, show));
    settle(view);
  }
}

/**
 * After the first view, focus goes to the heading of each that follows, so that a screen reader reads on from there.
 * `left`: where the view was when it was left, and what had the focus.
 */
function settle(view, left) {
  const heading = view.querySelector("h1");
  document.title = heading ? `${heading.textContent} · Looks` : "Looks";
  if (heading) heading.tabIndex = -1;
  if (began || left?.focus) (left?.focus ?? heading)?.focus({ preventScroll: true });
  if (began || left) scrollTo(0, left?.top ?? 0);
  began = true;
}

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
    isTest ? h("span", { class: "chip", title: "Jobs, credits and uploads of test keys are apart from live ones" }, "Test") : "",
    may("jobs:read") ? h("a", { class: "balance", href: "#/credits" },
      h("b", {}, balance === null ? "?" : number(balance)), balance === 1 ? " credit" : " credits", isLow ? h("span", { class: "chip failure" }, "Low") : "") : "",
    h("span", { class: "key", translate: "no", title: "Whose key this browser is signed in with" }, me.known.tenant_id),
    h("button", { type: "button", class: "small plain", onclick: out }, "Sign out"),
  );
}

async function out() {
  try {
    await signOut();
    leave();
  } catch (error) {
    if (error.status === 401) return; // heard elsewhere
    main.prepend(problem(error, out));
  }
}

/** Without a reason somebody signed out, and what was made here is forgotten. */
function leave(why = null) {
  me.known = null;
  leaving.abort();
  account.replaceChildren();
  if (!why) dispatchEvent(new CustomEvent("looks:forgotten"));
  showGate(why);
  announce(why ? "You are signed out" : "Signed out");
}

function showGate(why = null) {
  nav.hidden = account.hidden = true;
  document.body.className = "gated";
  const field = h("input", {
    id: "key", type: "password", autocomplete: "off", spellcheck: "false", required: true, placeholder: "sk_live_…",
    "aria-describedby": "key-note",
  });
  const answer = h("div", {}, why ? problem(why, () => form.requestSubmit()) : "");
  const button = h("button", { class: "primary" }, "Sign in");
  const form = h("form", { class: "key-form", onsubmit: enter },
    h("label", { for: "key" }, "API key"), h("div", { class: "row" }, field, button), answer,
    h("p", { class: "quiet", id: "key-note" },
      "It is given once: this browser stays signed in, in all its tabs, until you sign out. ",
      "On your own machine ", h("code", {}, "make up"), " prints one."));

  async function enter(event) {
    event.preventDefault();
    const text = field.value.trim();
    if (!/^[!-~]{1,256}$/.test(text)) {
      answer.replaceChildren(h("p", { class: "problem", role: "alert" }, "A key is one word without spaces."));
      return field.focus();
    }
    button.disabled = true;
    try {
      await signIn(text);
      field.value = "";
      began = true;
      return show();
    } catch (error) {
      answer.replaceChildren(problem(error, () => form.requestSubmit()));
      button.disabled = false;
      return field.focus();
    }
  }

  main.replaceChildren(
    h("div", { class: "gate" },
      h("div", { class: "gate-text" },
        h("h1", {}, "Photos in, a dressed mannequin out."),
        h("p", { class: "lead" }, "Drop garment photos, choose what they are, and watch the look being made."), form),
      h("div", { class: "gate-art", "aria-hidden": "true" },
        ["jacket", "tee", "skirt", "shoes"].map((name) => h("img", { src: `/console/samples/${name}.jpg`, alt: "" })))));
  document.title = "Looks";
  field.focus();
}

history.scrollRestoration = "manual"; // views are drawn after the browser would have scrolled
addEventListener("hashchange", show);
addEventListener("beforeunload", (event) => { if (draft.isUploading) event.preventDefault(); });
addEventListener("looks:unauthenticated", ({ detail }) => {
  if (!main.querySelector(".gate")) leave(detail);
});
document.querySelector(".skip").addEventListener("click", (event) => {
  event.preventDefault(); // the hash is the view
  main.focus();
});
show();
