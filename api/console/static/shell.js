// What the tenants' and the operators' console have in common: a sign-in, a view for each hash, focus where it belongs.

import { announce, arrived, h, problem } from "./dom.js";

const main = document.getElementById("main");
export const account = document.getElementById("account");
const nav = document.getElementById("nav");

const TITLE = document.title;
let app = null;
let leaving = new AbortController();
let began = false;

/**
 * Starts a console. `session`: key.js or its like. `views`: by name, what loads the module of `NAMEView`, which gets
 * `{ view, id, query, signal, ...given }` and may resolve to where it was left: `top`, and the `focus`. `find(name, id)`: the view of `#/name/id`.
 * `parents`: whose link stands for a view without one. `opening()` comes before each view, `gated(form)` at the sign-in, `left(why)` after a sign-out.
 */
export function start(described) {
  app = described;
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
}

/** `#/looks/ID?show=failed`: a view, what it is about, and its filters. */
function route() {
  const [path, query = ""] = location.hash.slice(2).split("?");
  const [name, id] = path.split("/");
  return { name: app.find(name, id), id: id ? decodeURIComponent(id) : null, query: new URLSearchParams(query) };
}

async function show() {
  leaving.abort();
  leaving = new AbortController();
  const { signal } = leaving;
  try {
    if (!app.session.me.known && !(await app.session.recall(signal))) return showGate();
  } catch (error) {
    if (!signal.aborted) main.replaceChildren(h("div", { class: "view" }, h("h1", {}, document.querySelector(".brand").textContent), problem(error, show)));
    return;
  }
  const { name, id, query } = route();
  nav.hidden = account.hidden = false;
  document.body.className = "";
  for (const link of nav.querySelectorAll("a")) {
    const isHere = link.hash.slice(2) === (app.parents[name] ?? name);
    link.ariaCurrent = isHere ? "page" : null;
    if (isHere) link.scrollIntoView({ inline: "center", block: "nearest" }); // where they are a strip
  }
  const view = h("div", { class: `view ${name}-view` });
  main.replaceChildren(view);
  try {
    app.opening();
    const script = await arrived(app.views[name]());
    const left = await script[`${name}View`]({ view, id, query, signal, ...app.given });
    if (!signal.aborted) settle(view, left);
  } catch (error) {
    if (signal.aborted) return;
    view.append(problem(error, show));
    settle(view);
  }
}

/** After the first view, focus goes to the heading of each that follows, so that a screen reader reads on from there. */
function settle(view, left) {
  const heading = view.querySelector("h1");
  document.title = heading ? `${heading.textContent} · ${TITLE}` : TITLE;
  if (heading) heading.tabIndex = -1;
  if (began || left?.focus) (left?.focus ?? heading)?.focus({ preventScroll: true });
  if (began || left) scrollTo(0, left?.top ?? 0);
  began = true;
}

export const signOutButton = () => h("button", { type: "button", class: "small plain", onclick: out }, "Sign out");

async function out() {
  try {
    await app.session.signOut();
    leave();
  } catch (error) {
    if (error.status === 401) return; // the event of every 401 has led to the sign-in
    main.prepend(problem(error, out));
  }
}

/** Without a reason somebody signed out. */
function leave(why = null) {
  app.session.me.known = null;
  leaving.abort();
  account.replaceChildren();
  app.left(why);
  showGate(why);
  announce(why ? "You are signed out" : "Signed out");
}

/** The sign-in is the page's template. */
function showGate(why) {
  nav.hidden = account.hidden = true;
  document.body.className = "gated";
  main.replaceChildren(document.getElementById("gate").content.cloneNode(true));
  const field = document.getElementById("key");
  const answer = document.getElementById("key-answer");
  const button = field.form.querySelector("button");
  const refuse = (error) => answer.replaceChildren(problem(error, () => field.form.requestSubmit()));
  field.form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const text = field.value.trim();
    if (!/^[!-~]{1,256}$/.test(text)) {
      answer.replaceChildren(h("p", { class: "problem", role: "alert" }, "A key is one word without spaces."));
      return field.focus();
    }
    button.disabled = true;
    try {
      await app.session.signIn(text);
      field.value = "";
      began = true;
      return show();
    } catch (error) {
      refuse(error);
      button.disabled = false;
      return field.focus();
    }
  });
  app.gated?.(field.form);
  if (why) refuse(why);
  document.title = TITLE;
  field.focus();
}
