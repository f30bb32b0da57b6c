// Which looks the wall shows, as its address says, and which of them are chosen to be saved together.

import { announce, h, number } from "./dom.js";

const MAX_ZIPPED = 100;
const STATES = [["all", "All"], ["finished", "Finished"], ["running", "In progress"], ["failed", "Failed"]];
const STATUS = { finished: ["SUCCESS"], running: ["NOT_STARTED", "IN_PROGRESS"], failed: ["FAILURE"] };
const FIELDS = ["reference", "from", "to", "category"];

/** What a wall's address asks for. Days are the browser's own. */
export function wanted(query) {
  const show = STATES.some(([name]) => name === query.get("show")) ? query.get("show") : "all";
  const asked = Object.fromEntries(FIELDS.map((name) => [name, query.get(name) ?? ""]));
  return { show, ...asked, status: STATUS[show] ?? [], isSearch: FIELDS.some((name) => asked[name]) };
}

/** The same as parameters of `GET /v1/jobs`. */
export function jobsQuery({ reference, from, to, category, status }, more) {
  const query = new URLSearchParams(Object.entries({
    ...(reference && { reference }), ...(category && { category }), ...(from && { created_after: midnight(from, 0) }), ...(to && { created_before: midnight(to, 1) }), ...more,
  }).filter(([, value]) => value !== null && value !== undefined));
  for (const one of status) query.append("status", one);
  return `/v1/jobs?${query}`;
}

function midnight(day, later) {
  const [year, month, date] = day.split("-").map(Number);
  return new Date(year, month - 1, date + later).toISOString();
}

function address(asked) {
  const query = new URLSearchParams();
  if (asked.show !== "all") query.set("show", asked.show);
  for (const name of FIELDS) if (asked[name]) query.set(name, asked[name]);
  return query.size ? `#/looks?${query}` : "#/looks";
}

/** The states as links and the search as a form; both are the address. */
export function filters(asked, categories) {
  const states = h("nav", { class: "filters", "aria-label": "Show" }, STATES.map(([name, label]) =>
    h("a", { href: address({ ...asked, show: name }), "aria-current": name === asked.show ? "true" : null }, label)));
  const reference = h("input", { id: "find-reference", name: "reference", type: "search", maxlength: "100", value: asked.reference, placeholder: "In full" });
  const day = (name, label) => h("div", {}, h("label", { for: `find-${name}` }, label), h("input", { id: `find-${name}`, name, type: "date", value: asked[name] }));
  const category = h("select", { id: "find-category", name: "category" }, h("option", { value: "" }, "Any"), categories.map((one) => h("option", { value: one.key }, one.label)));
  category.value = asked.category;
  const form = h("form", { class: "find", role: "search", "aria-label": "Find looks", onsubmit: (event) => {
    event.preventDefault();
    const fields = Object.fromEntries([...new FormData(form)].map(([name, value]) => [name, value.trim()]));
    const to = address({ show: asked.show, ...fields });
    if (location.hash === to) dispatchEvent(new HashChangeEvent("hashchange"));
    else location.hash = to;
  } },
  h("div", {}, h("label", { for: "find-reference" }, "Reference"), reference), day("from", "From"), day("to", "Until"),
  h("div", {}, h("label", { for: "find-category" }, "Category"), category),
  h("div", { class: "row" }, h("button", { class: "primary" }, "Find"),
    asked.isSearch ? h("a", { class: "button plain", href: address({ show: asked.show }) }, "Clear") : null));
  return h("div", { class: "stack" }, states, h("details", { open: asked.isSearch }, h("summary", {}, "Find looks"), form));
}

/** Which looks are chosen: they stay chosen while others are looked for. */
const chosen = new Set();
addEventListener("looks:forgotten", () => chosen.clear());

/** The bar that says how many are chosen, to be saved as one zip, and the boxes of the cards that are shown. */
export class Selection {
  #boxes = new Map();
  #count = h("span", {});
  #save = h("a", { class: "button primary", download: "looks.zip" }, "Download as zip");
  #all = h("button", { type: "button", onclick: () => this.all() }, "Select all shown");

  constructor() {
    const clear = h("button", { type: "button", class: "plain", onclick: () => this.clear() }, "Clear");
    this.bar = h("div", { class: "selection card row between", role: "region", "aria-label": "Selected looks" },
      this.#count, h("div", { class: "row" }, this.#all, this.#save, clear));
    this.start = h("button", { type: "button", class: "small", onclick: () => this.all() }, "Select all shown");
    this.#draw();
  }

  /** The box of one card. `name`: what a screen reader calls it by. */
  box(requestId, name) {
    const input = h("input", { type: "checkbox", checked: chosen.has(requestId), onchange: () => {
      input.checked = this.#choose(requestId, input.checked);
      this.#draw();
    } });
    this.#boxes.set(requestId, input);
    this.#draw();
    return h("label", { class: "choose" }, input, h("span", { class: "unseen" }, `Select ${name}`));
  }

  /** As many of those shown as a zip may have. */
  all() {
    for (const [requestId, input] of this.#boxes) input.checked = this.#choose(requestId, true);
    this.#draw();
    announce(this.#count.textContent);
  }

  clear() {
    for (const input of this.#boxes.values()) input.checked = false;
    chosen.clear();
    this.#draw();
    announce("Nothing is selected");
  }

  /** Whether it is chosen then. */
  #choose(requestId, isWanted) {
    if (!isWanted) chosen.delete(requestId);
    else if (chosen.size < MAX_ZIPPED) chosen.add(requestId);
    return chosen.has(requestId);
  }

  #draw() {
    const hidden = [...chosen].filter((one) => !this.#boxes.has(one)).length;
    this.bar.hidden = chosen.size === 0;
    this.start.hidden = chosen.size > 0 || !this.#boxes.size;
    this.#all.hidden = [...this.#boxes.keys()].every((one) => chosen.has(one));
    this.#count.textContent = [`${number(chosen.size)} selected`, hidden && `${number(hidden)} of them not shown`,
      chosen.size === MAX_ZIPPED && "as many as a zip may have"].filter(Boolean).join(", ");
    this.#save.href = `/v1/renders/zip?${new URLSearchParams([...chosen].map((one) => ["request_id", one]))}`;
  }
}
