// The operators' console: a sign-in, and a view for each hash.

import { NO_ANSWER, Refused } from "/console/api.js";
import { announce, h, problem } from "/console/dom.js";
import { me, provider, recall, signIn, signOut } from "./session.js";

const main = document.getElementById("main");
const nav = document.getElementById("nav");
const account = document.getElementById("account");
const VIEWS = {
  overview: async (shown) => (await arrived(import("./overview.js"))).overviewView(shown),
  letters: async (shown) => (await arrived(import("./letters.js"))).lettersView(shown),
  quarantine: async (shown) => (await arrived(import("./letters.js"))).quarantineView(shown),
  request: async (shown) => (await arrived(import("./request.js"))).requestView(shown),
  looks: async (shown) => (await arrived(import("./looks.js"))).looksView(shown),
  tenants: async (shown) => (await arrived(import("./tenants.js"))).tenantsView(shown),
  erasures: async (shown) => (await arrived(import("./erasures.js"))).erasuresView(shown),
  audits: async (shown) => (await arrived(import("./looks.js"))).auditsView(shown),
  actions: async (shown) => (await arrived(import("./people.js"))).actionsView(shown),
  operators: async (shown) => (await arrived(import("./people.js"))).operatorsView(shown),
};

let leaving = new AbortController();
let began = false;

const arrived = (script) => script.catch(() => { throw new Refused(0, NO_ANSWER); });

/** `#/tenants/acme?show=x`: a view, what it is about, and its filters. */
function route() {
  const [path, query = ""] = location.hash.slice(2).split("?");
  const [name, id] = path.split("/");
  return { name: name in VIEWS ? name : "overview", id: id ? decodeURIComponent(id) : null, query: new URLSearchParams(query) };
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
      main.replaceChildren(h("div", { class: "view" }, h("h1", {}, "Operations"), problem(error, show)));
      return;
    }
  }
  const { name, id, query } = route();
  nav.hidden = account.hidden = false;
  document.body.className = "";
  for (const link of nav.querySelectorAll("a")) {
    if (link.hash.slice(2) === (name === "request" ? "letters" : name)) {
      link.setAttribute("aria-current", "page");
      link.scrollIntoView({ inline: "center", block: "nearest" }); // on a phone they are a strip
    } else link.removeAttribute("aria-current");
  }
  account.replaceChildren(
    h("b", { translate: "no" }, me.known.name), h("span", { class: "role" }, me.known.role),
    h("button", { type: "button", class: "small plain", onclick: out }, "Sign out"));
  const view = h("div", { class: `view ${name}-view` });
  main.replaceChildren(view);
  try {
    await VIEWS[name]({ view, id, query, signal });
    if (!signal.aborted) settle(view);
  } catch (error) {
    if (signal.aborted) return;
    view.append(problem(error, show));
    settle(view);
  }
}

/** After the first view, focus goes to the heading of each that follows. */
function settle(view) {
  const heading = view.querySelector("h1");
  document.title = `${heading?.textContent ?? "Operations"} · Looks operations`;
  if (heading) heading.tabIndex = -1;
  if (began) heading?.focus({ preventScroll: true });
  if (began) scrollTo(0, 0);
  began = true;
}

async function out() {
  try {
    await signOut();
    leave();
  } catch (error) {
    if (error.status !== 401) main.prepend(problem(error, out));
  }
}

function leave(why = null) {
  me.known = null;
  leaving.abort();
  for (const dialog of document.querySelectorAll("dialog")) dialog.remove();
  account.replaceChildren();
  showGate(why);
  announce("Signed out");
}

function showGate(why = null) {
  nav.hidden = account.hidden = true;
  document.body.className = "gated";
  const input = h("input", { id: "key", type: "password", autocomplete: "off", spellcheck: "false", required: true, placeholder: "op_…", "aria-describedby": "key-note" });
  const answer = h("div", {}, why ? problem(why, () => form.requestSubmit()) : "");
  const button = h("button", { class: "primary" }, "Sign in");
  const form = h("form", { class: "key-form", onsubmit: enter },
    h("label", { for: "key" }, "Operator key"), h("div", { class: "row" }, input, button), answer,
    h("p", { class: "quiet", id: "key-note" }, "An admin makes one, here or by ", h("code", {}, "looks operators add"),
      ". On your own machine it is ", h("code", {}, "LOOKS_OPS_KEY"), " in ", h("code", {}, ".dev/env"), "."));

  // Where it leads back to: this view, if one was asked for
  const here = location.hash.startsWith("#/") ? `/ops${location.hash}` : "/ops";
  const elsewhere = provider.name && h("a", { class: "button primary", href: `/ops/v1/sign-in?page=${encodeURIComponent(here)}` }, `Sign in with ${provider.name}`);

  async function enter(event) {
    event.preventDefault();
    const text = input.value.trim();
    if (!/^[!-~]{1,256}$/.test(text)) {
      answer.replaceChildren(h("p", { class: "problem", role: "alert" }, "A key is one word without spaces."));
      return input.focus();
    }
    button.disabled = true;
    try {
      await signIn(text);
      input.value = "";
      began = true;
      return show();
    } catch (error) {
      answer.replaceChildren(problem(error, () => form.requestSubmit()));
      button.disabled = false;
      return input.focus();
    }
  }

  main.replaceChildren(h("div", { class: "gate" }, h("h1", {}, "Operations"), h("p", { class: "lead" }, "Processes, dead letters, tenants and credits."), elsewhere ?? "", form));
  document.title = "Looks operations";
  input.focus();
}

history.scrollRestoration = "manual"; // views are drawn after the browser would have scrolled
addEventListener("hashchange", show);
addEventListener("looks:unauthenticated", ({ detail }) => {
  if (!main.querySelector(".gate")) leave(detail);
});
document.querySelector(".skip").addEventListener("click", (event) => {
  event.preventDefault(); // the hash is the view
  main.focus();
});
show();
