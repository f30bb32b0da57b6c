// Requests that were refused: newest first, or the one that an error said to quote.

import { Refused, get, withQuery } from "./api.js";
import { chip, h, identifier, problem, time } from "./dom.js";
import { table } from "./credits.js";

const PAGE = 20;

/** The list, and a field to find one; `wanted`: an id to begin with. */
export async function refusedView(wanted, signal) {
  const rows = h("tbody", { role: "rowgroup" });
  const foot = h("div", { class: "foot" });
  const found = h("div", { role: "status" });
  const field = h("input", { id: "refused-id", required: true, maxlength: "26", autocomplete: "off", placeholder: "26 letters and digits", value: wanted ?? "" });
  const find = async () => {
    const id = field.value.trim();
    try {
      const one = await get(`/v1/requests/${encodeURIComponent(id)}`, signal);
      found.replaceChildren(table("The request of this id", HEADS, h("tbody", { role: "rowgroup" }, row(one)), "cards"));
    } catch (error) {
      if (signal.aborted) return;
      const isNone = error instanceof Refused && error.status === 404;
      found.replaceChildren(isNone ? h("p", { class: "empty" }, "No request with this id is on record: it is older than 7 days, or was not refused.") : problem(error, find));
    }
  };
  let cursor = null;
  const more = async () => {
    try {
      const page = await get(withQuery("/v1/requests", { limit: PAGE, cursor }), signal);
      cursor = page.next_cursor;
      rows.append(...page.items.map(row));
      foot.replaceChildren(cursor ? h("button", { type: "button", class: "small", onclick: more }, "Show more") : "");
    } catch (error) {
      if (!signal.aborted) foot.replaceChildren(problem(error, more));
    }
  };
  await Promise.all([more(), wanted ? find() : null]);
  return [
    h("form", { onsubmit: (event) => { event.preventDefault(); find(); } }, h("label", { for: "refused-id" }, "Id that an error said to quote"),
      h("div", { class: "row" }, field, h("button", {}, "Find"))),
    found, rows.children.length ? table("Refused requests, newest first", HEADS, rows, "cards") : h("p", { class: "quiet" }, "No request of these keys was refused in the last 7 days."), foot,
  ];
}

const HEADS = ["When", "Request", "Answer", "Id"];

function row(one) {
  const cell = (...children) => h("td", { role: "cell" }, ...children);
  return h("tr", { role: "row" }, cell(time(one.created_at)), cell(h("code", {}, `${one.method} ${one.path}`)),
    cell(chip(`${one.status} ${one.code}`, one.status < 500 ? "" : "failure"), h("p", { class: "quiet" }, one.message)), cell(identifier(one.request_id)));
}
