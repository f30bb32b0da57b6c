// Dead letters and quarantined records: found, chosen, redriven or discarded.

import { get, withQuery } from "/console/api.js";
import { chip, h, identifier, time } from "/console/dom.js";
import { act, field, findRequest, order, requestLink, says, table } from "./parts.js";
import { may } from "./session.js";

const MOST = 500;
const DAYS = [["1", "24 hours"], ["7", "7 days"], ["30", "30 days"]];

export const lettersView = (shown) => listed(shown, {
  title: "Dead letters", path: "/ops/v1/dead-letters",
  about: "Looks that failed. One that failed by our fault can be run again once, at no cost to its tenant.",
  empty: "No dead letters match.",
  heads: ["Request", "Why it failed", "Whose fault", "Tenant", "When", "State"],
  cells: (one) => [requestLink(one.request_id),
    says(h("b", {}, one.reason.code), ` ${one.reason.message} `, h("span", { class: "quiet" }, `${one.attempts} ${one.attempts === 1 ? "attempt" : "attempts"}, decided by ${one.decided_by}`)),
    one.fault === "ours" ? chip("ours", "bad") : chip("the tenant's", ""), one.tenant_id, time(one.at), stateChip(one.state)],
  selects: (chosen) => ({ request_ids: [...new Set(chosen.map((one) => one.request_id))] }),
  name: (one) => `request ${one.request_id}`,
  filters: ({ query, go, found }) => {
    const fault = choice("fault", FAULTS, query.get("fault") ?? "", go);
    const codes = [...new Set([query.get("reason"), ...found.map((one) => one.reason.code)])].filter(Boolean).sort();
    const reason = choice("reason", [["", "any"], ...codes.map((code) => [code, code])], query.get("reason") ?? "", go);
    const tenant = h("input", { id: "tenant_id", name: "tenant_id", maxlength: "200", autocomplete: "off", spellcheck: "false", value: query.get("tenant_id") ?? "", onchange: () => go({ tenant_id: tenant.value.trim() || null }) });
    return [field("fault", "Whose fault", fault), field("reason", "Reason", reason), field("tenant_id", "Tenant", tenant)];
  },
  finder: findRequest,
});

export const quarantineView = (shown) => listed(shown, {
  title: "Quarantine", path: "/ops/v1/quarantine",
  about: "Records that a process could not read or handle, kept whole. Fix the cause, then redrive or discard them.",
  empty: "No records in quarantine match.",
  heads: ["Record", "Why", "Came from", "When", "State"],
  cells: (one) => [identifier(one.record), says(h("b", {}, one.consumer), `: ${one.reason} `, one.request_id ? requestLink(one.request_id) : ""),
    h("code", {}, one.origin ?? "unknown"), time(one.at), stateChip(one.state)],
  selects: (chosen) => ({ records: chosen.map((one) => one.record) }),
  name: (one) => `record ${one.record}`,
  filters: ({ query, go, found }) => {
    const names = [...new Set([query.get("consumer"), ...found.map((one) => one.consumer)])].filter(Boolean).sort();
    return [field("consumer", "Process", choice("consumer", [["", "any"], ...names.map((name) => [name, name])], query.get("consumer") ?? "", go))];
  },
});

const FAULTS = [["", "anyone's"], ["ours", "ours"], ["tenant", "the tenant's"]];
const NARROWED = ["fault", "reason", "tenant_id", "consumer"];

/** A select whose value becomes that part of the address. */
function choice(name, options, value, go) {
  const control = h("select", { id: name, name, onchange: () => go({ [name]: control.value || null }) },
    options.map(([one, text]) => h("option", { value: one, selected: one === value }, text)));
  return control;
}

export const stateChip = (state) => chip(state, state === "open" ? "watch" : state === "unfinished" ? "bad" : "success");

async function listed({ view, query, signal }, kind) {
  const days = query.get("days") ?? "7";
  const all = query.get("show") === "all";
  const name = location.hash.slice(2).split("?")[0];
  const notice = h("div", {});
  const rows = h("div", { class: "stack" }, h("p", { class: "quiet" }, "Reading the records…"));
  const bulk = h("div", { class: "bulk" });
  let items = [];
  let everyone = null;
  const chosen = () => items.filter((_, at) => rows.querySelector(`#choose-${at}`)?.checked);
  const narrowed = Object.fromEntries(NARROWED.map((one) => [one, query.get(one)]));
  const go = (change) => { location.hash = withQuery(`#/${name}`, { days, show: all ? "all" : null, ...narrowed, ...change }).slice(1); };
  const filters = h("div", { class: "filters" });
  view.append(h("div", { class: "head" }, h("h1", {}, kind.title), kind.finder?.()), h("p", { class: "quiet" }, kind.about), filters, notice, bulk, rows);
  await load();

  async function load() {
    ({ items } = await get(withQuery(kind.path, {
      since: new Date(Date.now() - Number(days) * 86_400_000).toISOString(), unsettled: all ? null : "true", limit: String(MOST), ...narrowed,
    }), signal));
    filters.replaceChildren(field("days", "In the last", choice("days", DAYS, days, go)), field("show", "Show", choice("show", [["", "open"], ["all", "all"]], all ? "all" : "", go)), ...kind.filters({ query, go, found: items }));
    everyone = h("input", { type: "checkbox", "aria-label": "Select all", onchange: () => { for (const box of rows.querySelectorAll("tbody input")) box.checked = everyone.checked; count(); } });
    const mayAct = may("operator");
    rows.replaceChildren(table(kind.title, [...(mayAct ? [everyone] : []), ...kind.heads], items.map((one, at) => [
      ...(mayAct ? [h("input", { type: "checkbox", id: `choose-${at}`, "aria-label": `Select ${kind.name(one)}`, onchange: count })] : []), ...kind.cells(one),
    ]), kind.empty));
    count();
  }

  function count() {
    if (!may("operator")) return bulk.replaceChildren(h("p", { class: "quiet" }, "To redrive or discard you need the role operator."));
    const number = chosen().length;
    if (!items.length) return bulk.replaceChildren();
    everyone.checked = number === items.length;
    everyone.indeterminate = number > 0 && number < items.length;
    return bulk.replaceChildren(
      h("button", { type: "button", class: "primary", disabled: !number, onclick: ask("redrive") }, "Redrive…"),
      h("button", { type: "button", disabled: !number, onclick: ask("discard") }, "Discard…"),
      h("span", { class: "quiet" }, number ? `${number} of ${items.length}${items.length === MOST ? " or more" : ""} selected` : "Select records. You see a plan before anything is done."));
  }

  function ask(verb) {
    return act(notice, signal, () => order({
      title: verb === "redrive" ? "Redrive" : "Discard", path: `${kind.path}/${verb}`,
      body: { ...kind.selects(chosen()), limit: MOST }, needsWhy: verb === "discard",
      done: verb === "redrive" ? "Redrive" : "Discard", changed: act(notice, signal, load), signal,
    }));
  }
}
