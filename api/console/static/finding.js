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
  const reference = h("input", { id: "find-reference", name: "reference", type: "search", maxlength: "100", value: asked.reference, placeholder: "Exactly as you gave it" });
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

/** Looks that are chosen, and the bar that says so: saved as one zip. */
export class Selection {
  #chosen = new Map();
  #count = h("span", {});
  #save = h("a", { class: "button primary", download: "looks.zip" }, "Download as zip");

  constructor() {
    const clear = h("button", { type: "button", class: "plain", onclick: () => this.clear() }, "Clear");
    this.bar = h("div", { class: "selection card row between", role: "region", "aria-label": "Selected looks", hidden: true }, this.#count, h("div", { class: "row" }, this.#save, clear));
  }

  /** The box of one card. `name`: what a screen reader calls it by. */
  box(requestId, name) {
    const input = h("input", { type: "checkbox", checked: this.#chosen.has(requestId), onchange: () => {
      if (input.checked && this.#chosen.size >= MAX_ZIPPED) {
        input.checked = false;
        announce(`A zip has ${MAX_ZIPPED} pictures at most`);
      } else if (input.checked) this.#chosen.set(requestId, input);
      else this.#chosen.delete(requestId);
      this.#draw();
    } });
    if (input.checked) this.#chosen.set(requestId, input);
    return h("label", { class: "choose" }, input, h("span", { class: "unseen" }, `Select ${name}`));
  }

  clear() {
    for (const input of this.#chosen.values()) input.checked = false;
    this.#chosen.clear();
    this.#draw();
    announce("Nothing is selected");
  }

  #draw() {
    const count = this.#chosen.size;
    this.bar.hidden = count === 0;
    this.#count.textContent = `${number(count)} selected${count === MAX_ZIPPED ? ", as many as a zip may have" : ""}`;
    const query = new URLSearchParams([...this.#chosen.keys()].map((one) => ["request_id", one]));
    this.#save.href = `/v1/renders/zip?${query}`;
  }
}
