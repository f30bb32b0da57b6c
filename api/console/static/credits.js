// The balance, the ledger that it is the sum of, and use by day.

import { get, withQuery } from "./api.js";
import { announce, h, notAllowed, number, problem, s, time } from "./dom.js";
import { may } from "./key.js";
import { keyUsage, lowBalance } from "./usage.js";

const PAGE = 25;
const NUMBERS = ["Finished", "Failed", "Credits"];
const KINDS = { grant: "Grant", charge: "Charge", refund: "Refund", goodwill: "Goodwill" };

export async function creditsView({ view, signal, refreshBalance }) {
  if (!may("jobs:read")) {
    view.append(h("h1", {}, "Credits"), notAllowed("see credits", "jobs:read"));
    return;
  }
  const [first, usage, byKey, notice] = await Promise.all([
    get(`/v1/credits?limit=${PAGE}`, signal), get("/v1/usage", signal), get("/v1/usage/keys", signal), lowBalance(signal, refreshBalance)]);
  const rows = h("tbody", {});
  const foot = h("div", { class: "foot" });
  view.append(
    h("h1", {}, "Credits"),
    h("p", { class: "hero" }, h("b", {}, number(first.balance)), first.balance === 1 ? " credit left" : " credits left"), notice,
    h("div", { class: "columns" },
      h("section", {}, h("h2", {}, "Ledger"),
        first.entries.length ? table("Ledger entries, newest first", ["When", "What", "Look", "Credits"], rows) : h("p", { class: "empty" }, "No entries yet."), foot),
      h("section", {}, h("h2", {}, "Use by day"), h("p", { class: "quiet" }, `${usage.first_day} to ${usage.last_day}, UTC`), days(usage.items),
        h("h2", {}, "Use by key"), keyUsage(byKey))));
  const show = (page) => {
    rows.append(...page.entries.map(entry));
    const more = async () => {
      foot.replaceChildren(h("p", { class: "quiet" }, "Loading…"));
      try {
        const next = await get(withQuery("/v1/credits", { limit: PAGE, cursor: page.next_cursor }), signal);
        announce(`${next.entries.length} more entries`);
        show(next);
      } catch (error) {
        if (!signal.aborted) foot.replaceChildren(problem(error, more));
      }
    };
    foot.replaceChildren(page.next_cursor ? h("button", { type: "button", onclick: more }, "Show more") : "");
  };
  show(first);
}

/** A table that scrolls by itself where it is too wide. Of the kind "cards" each row is a card on a phone. */
export function table(caption, heads, body, kind = "") {
  return h("div", { class: `scroll ${kind}`, tabindex: "0", role: "region", "aria-label": caption },
    h("table", { role: "table" }, h("caption", { class: "unseen" }, caption), h("thead", { role: "rowgroup" }, h("tr", { role: "row" }, heads.map((text) => h("th", { scope: "col", role: "columnheader", class: NUMBERS.includes(text) ? "amount" : null }, text)))), body));
}

function entry(one) {
  const look = one.request_id ? h("a", { class: "target", href: `#/looks/${one.request_id}`, title: one.request_id }, h("span", { class: "unseen" }, "Look "), h("code", {}, `…${one.request_id.slice(-8)}`)) : "";
  const amount = `${one.amount > 0 ? "+" : "\u2212"}${number(Math.abs(one.amount))}`;
  return h("tr", { class: one.kind }, h("td", {}, time(one.created_at)), h("td", {}, KINDS[one.kind] ?? one.kind), h("td", {}, look), h("td", { class: "amount" }, amount));
}

function days(items) {
  if (!items.length) return h("p", { class: "empty" }, "No looks in these days.");
  const most = Math.max(...items.map((one) => one.requests));
  const rows = items.map((one) => h("tr", {},
    h("td", {}, h("time", { datetime: one.day }, one.day)),
    h("td", { class: "bars" }, bar(one, most)),
    h("td", { class: "amount" }, number(one.succeeded)), h("td", { class: "amount" }, number(one.failed)), h("td", { class: "amount" }, number(one.credits_net))));
  return table("Use by day", ["Day", "Looks", "Finished", "Failed", "Credits"], h("tbody", {}, rows));
}

function bar(one, most) {
  const of = (count) => (count / most) * 100;
  return h("span", { class: "with-bar" }, h("span", {}, number(one.requests)),
    s("svg", { viewBox: "0 0 100 8", preserveAspectRatio: "none", "aria-hidden": "true" },
      s("rect", { class: "all", width: of(one.requests), height: 8 }),
      s("rect", { class: "good", width: of(one.succeeded), height: 8 }),
      s("rect", { class: "bad", x: of(one.succeeded), width: of(one.failed), height: 8 })));
}

/** Run an action; what is refused is said in `notice`, with a way to try it again. */
export const act = (notice, signal, work) => async function again() {
  notice.replaceChildren();
  try {
    await work();
  } catch (error) {
    if (!signal.aborted) notice.replaceChildren(problem(error, again));
  }
};
