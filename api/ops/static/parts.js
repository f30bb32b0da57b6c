// What the views share: tables, fields, a dialog that shows a plan before it is done.

import { call } from "/console/api.js";
import { announce, h, identifier, number, present, problem } from "/console/dom.js";

/** A table that scrolls by itself where it is wider than the page. `rows` are arrays of cells. */
export function table(caption, heads, rows, empty) {
  if (!rows.length) return h("p", { class: "empty" }, empty);
  return h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": caption },
    h("table", {}, h("caption", { class: "unseen" }, caption),
      h("thead", {}, h("tr", {}, heads.map((text) => (text instanceof Node ? h("td", {}, text) : h("th", { scope: "col", class: text.startsWith("#") ? "amount" : null }, text.replace("#", "")))))),
      h("tbody", {}, rows.map((cells) => h("tr", {}, cells.map((cell, at) => {
        const isNumber = typeof cell === "number" || (typeof heads[at] === "string" && heads[at].startsWith("#"));
        const made = cell instanceof HTMLTableCellElement ? cell : h("td", { class: isNumber ? "amount" : null }, typeof cell === "number" ? number(cell) : cell ?? "");
        if (typeof heads[at] === "string") made.dataset.head = heads[at].replace("#", ""); // a phone shows each row as a card
        return made;
      }))))));
}

/** A request by the id that its tenant quotes. */
export function findRequest() {
  const id = h("input", { id: "request", name: "request", required: true, maxlength: "26", pattern: " *[0-9A-HJKMNP-TV-Za-hjkmnp-tv-z]{26} *", title: "26 letters and digits", autocomplete: "off", spellcheck: "false", placeholder: "01…" });
  return h("form", { class: "filters", role: "search", "aria-label": "Find a request", onsubmit: (event) => { event.preventDefault(); location.hash = `#/request/${id.value.trim().toUpperCase()}`; } },
    field("request", "Request id", id), h("button", {}, "Open"));
}

/** A cell of text that may be long. */
export const says = (...children) => h("td", { class: "says" }, children);

/** Who acted. What stands in parentheses says which person of the provider it is. */
export const actor = (text) => h("span", { title: text }, text.replace(/ \(https?:\/\/.*\)$/, ""));

/** A link to a request's own view, with the end of its id. */
export const requestLink = (id) => (id ? h("a", { class: "target", href: `#/request/${id}`, title: id, "aria-label": `Request ${id}` }, h("code", {}, `…${id.slice(-8)}`)) : "–");

export const field = (id, label, control, note = null) => h("div", { class: "field" }, h("label", { for: id }, label), control, note && h("p", { class: "quiet" }, note));

/** Run an action; what is refused is said in `notice`, with a way to try it again. */
export const act = (notice, signal, work) => async function again() {
  notice.replaceChildren();
  try {
    await work();
  } catch (error) {
    if (!signal.aborted) notice.replaceChildren(problem(error, again));
  }
};

const VERBS = {
  send: "Send again", rerun: "Rerun", discard: "Discard", skip: "Nothing to do", refuse: "Not possible",
  sent: "Sent again", discarded: "Discarded", skipped: "Nothing to do", refused: "Not possible", failed: "Failed",
};
/** Below a reason that nobody has to give. */
export const RECORDED = "Optional. Recorded with the action.";
const KINDS = { refuse: "bad", refused: "bad", failed: "bad", skip: "", skipped: "" };

/**
 * Ask for the plan of an order, show it, and carry it out when it is confirmed: the API does only what its plan said.
 * `changed` is called when something was done.
 */
export async function order({ title, path, body, needsWhy, done, changed, signal }) {
  const first = await call("POST", path, { body: { ...body, why: needsWhy ? "dry run" : "" }, signal });
  const shown = h("div", { class: "stack" });
  const why = h("input", { id: "why", name: "why", maxlength: "500", required: needsWhy, autocomplete: "off" });
  const notice = h("div", {});
  const close = h("button", { type: "button", class: "plain", onclick: () => dialog.close() }, "Cancel");
  const acting = first.items.filter((one) => !["skip", "refuse"].includes(one.verb));
  const go = h("button", { class: "primary", disabled: acting.length === 0 }, `${done} ${number(acting.length)} ${acting.length === 1 ? "record" : "records"}`);
  const form = h("form", { onsubmit: (event) => { event.preventDefault(); carryOut(); } },
    field("why", "Why", why, needsWhy ? "Recorded with the action." : RECORDED),
    notice, h("div", { class: "row end" }, close, go));
  const dialog = h("dialog", { class: "wide", "aria-labelledby": "order-title" }, h("h2", { id: "order-title" }, title), shown, form);
  draw(first, "This is the plan. Nothing has been done yet.");
  present(dialog);

  /** Plan and result are listed as they were chosen, whatever the order in which they are done. */
  const place = (one) => (body.request_ids ? body.request_ids.indexOf(one.request_id) : (body.records ?? []).indexOf(one.record));

  function draw(answer, words) {
    const left = answer.left ? ` ${number(answer.left)} more match. Repeat this for them.` : "";
    shown.replaceChildren(h("p", {}, words, left), table(title, ["Action", "Request", "Record", "Detail"], [...answer.items].sort((a, b) => place(a) - place(b)).map((one) => [
      h("span", { class: `chip ${KINDS[one.verb] ?? "success"}` }, one.verb === "rerun" && answer.done ? "Rerun started" : VERBS[one.verb] ?? one.verb),
      requestLink(one.request_id), identifier(one.record), says(...detail(one)),
    ]), "Nothing was selected."));
  }

  /** A new request is named by its id: it leads there. */
  function detail(one) {
    const made = /^as ([0-9A-HJKMNP-TV-Z]{26})$/.exec(one.detail);
    return made ? ["as ", h("a", { class: "target", href: `#/request/${made[1]}` }, made[1])] : [one.detail];
  }

  const carryOut = act(notice, signal, async () => {
    go.disabled = true;
    try {
      const answer = await call("POST", path, { body: { ...body, why: why.value, plan: first.plan }, signal });
      draw(answer, "Done:");
      form.replaceChildren(h("div", { class: "row end" }, h("button", { type: "button", class: "primary", onclick: () => dialog.close() }, "Close")));
      form.querySelector("button").focus();
      announce("Done");
      dialog.addEventListener("close", changed, { once: true });
      for (const link of dialog.querySelectorAll("a")) link.addEventListener("click", () => dialog.close());
    } catch (error) {
      go.disabled = error.code === "PLAN_CHANGED";
      throw error;
    }
  });
}
