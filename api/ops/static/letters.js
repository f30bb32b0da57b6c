// Dead letters and quarantined records: found, chosen, redriven or discarded.

import { get, withQuery } from "/console/api.js";
import { chip, h, identifier, time } from "/console/dom.js";
import { act, field, order, requestLink, says, table } from "./parts.js";
import { may } from "./session.js";

const DAYS = [["1", "a day"], ["7", "7 days"], ["30", "30 days"]];

export const lettersView = (shown) => listed(shown, {
  title: "Dead letters", path: "/ops/v1/dead-letters",
  about: "Failed looks, each with its whole record. One that failed by our fault can be made anew once, at no cost.",
  empty: "No dead letters: nothing to do.",
  heads: ["Request", "Tenant", "When", "State", "Why it failed"],
  cells: (one) => [requestLink(one.request_id), one.tenant_id, time(one.at), stateChip(one.state),
    says(h("b", {}, one.reason.code), ` ${one.reason.message} `, h("span", { class: "quiet" }, `after ${one.attempts}, by ${one.decided_by}`))],
  selects: (chosen) => ({ request_ids: [...new Set(chosen.map((one) => one.request_id))] }),
  name: (one) => `request ${one.request_id}`,
});

export const quarantineView = (shown) => listed(shown, {
  title: "Quarantine", path: "/ops/v1/quarantine",
  about: "Records that a process could not read or handle, kept as they came.",
  empty: "Nothing is quarantined.",
  heads: ["Record", "Came from", "When", "State", "Why"],
  cells: (one) => [identifier(one.record), h("code", {}, one.origin ?? "?"), time(one.at), stateChip(one.state),
    says(h("b", {}, one.consumer), `: ${one.reason} `, one.request_id ? requestLink(one.request_id) : "")],
  selects: (chosen) => ({ records: chosen.map((one) => one.record) }),
  name: (one) => `record ${one.record}`,
});

export const stateChip = (state) => chip(state, state === "open" ? "watch" : state === "unfinished" ? "bad" : "success");

async function listed({ view, query, signal }, kind) {
  const days = query.get("days") ?? "7";
  const all = query.get("show") === "all";
  const name = location.hash.slice(2).split("?")[0];
  const notice = h("div", {});
  const rows = h("div", { class: "stack" }, h("p", { class: "quiet" }, "Reading the topic…"));
  const bulk = h("div", { class: "bulk" });
  let items = [];
  const chosen = () => items.filter((_, at) => rows.querySelector(`#choose-${at}`)?.checked);
  const go = (change) => { location.hash = withQuery(`#/${name}`, { days, show: all ? "all" : null, ...change }).slice(1); };
  const since = h("select", { id: "days", onchange: () => go({ days: since.value }) }, DAYS.map(([value, text]) => h("option", { value, selected: value === days }, text)));
  const which = h("select", { id: "which", onchange: () => go({ show: which.value || null }) },
    h("option", { value: "", selected: !all }, "open"), h("option", { value: "all", selected: all }, "all"));
  view.append(h("h1", {}, kind.title), h("p", { class: "quiet" }, kind.about),
    h("div", { class: "filters" }, field("days", "Of the last", since), field("which", "Show", which)), notice, bulk, rows);
  await load();

  async function load() {
    ({ items } = await get(withQuery(kind.path, {
      since: new Date(Date.now() - Number(days) * 86_400_000).toISOString(), unsettled: all ? null : "true", limit: "500",
    }), signal));
    const everyone = h("input", { type: "checkbox", "aria-label": "Choose all", onchange: () => { for (const box of rows.querySelectorAll("tbody input")) box.checked = everyone.checked; count(); } });
    const mayAct = may("operator");
    rows.replaceChildren(table(kind.title, [...(mayAct ? [everyone] : []), ...kind.heads], items.map((one, at) => [
      ...(mayAct ? [h("input", { type: "checkbox", id: `choose-${at}`, "aria-label": `Choose ${kind.name(one)}`, onchange: count })] : []), ...kind.cells(one),
    ]), kind.empty));
    count();
  }

  function count() {
    if (!may("operator")) return bulk.replaceChildren(h("p", { class: "quiet" }, "Redriving and discarding need the role operator."));
    const number = chosen().length;
    if (!items.length) return bulk.replaceChildren();
    return bulk.replaceChildren(
      h("button", { type: "button", class: "primary", disabled: !number, onclick: ask("redrive") }, "Redrive…"),
      h("button", { type: "button", disabled: !number, onclick: ask("discard") }, "Discard…"),
      h("span", { class: "quiet" }, number ? `${number} chosen` : "Choose what to act on. You see what would be done first."));
  }

  function ask(verb) {
    return act(notice, signal, () => order({
      title: verb === "redrive" ? "Redrive" : "Discard", path: `${kind.path}/${verb}`,
      body: { ...kind.selects(chosen()), limit: 500 }, needsWhy: verb === "discard",
      done: verb === "redrive" ? "Redrive" : "Discard", changed: act(notice, signal, load), signal,
    }));
  }
}
