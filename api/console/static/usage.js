// Use by day and key as a chart with its table, and the balance below which one is told.

import { call, get } from "./api.js";
import { announce, credits, h, number, problem, s } from "./dom.js";
import { may } from "./key.js";

const MAX_SHOWN = 4; // keys with a colour of their own
const [HIGH, GAP] = [60, 0.15];
const DAY_MS = 86_400_000;

const nameOf = (one) => one.key_name || (one.key_last4 ? `…${one.key_last4}` : "Unknown key");

/** What was used by day and key. */
export function keyUsage({ first_day: first, last_day: last, items }) {
  const keys = new Map();
  for (const one of items) {
    const kept = keys.get(one.key_id) ?? { name: nameOf(one), looks: 0, credits: 0, days: new Map() };
    kept.looks += one.requests;
    kept.credits += one.credits_net;
    kept.days.set(one.day, (kept.days.get(one.day) ?? 0) + one.requests);
    keys.set(one.key_id, kept);
  }
  if (!keys.size) return h("p", { class: "empty" }, "No looks in these days.");
  const sorted = [...keys.values()].sort((a, b) => b.looks - a.looks);
  const shown = sorted.slice(0, MAX_SHOWN);
  const rest = sorted.slice(MAX_SHOWN);
  if (rest.length) shown.push(rest.reduce(added, { name: `${number(rest.length)} more keys`, looks: 0, credits: 0, days: new Map() }));
  return h("figure", { class: "stack chart" }, chart(daysOf(first, last), shown),
    h("figcaption", { class: "row between quiet" }, h("span", {}, first), h("span", {}, last)),
    h("ul", { class: "legend" }, shown.map((one, index) => h("li", { class: "row between" },
      h("span", {}, s("svg", { viewBox: "0 0 10 10", "aria-hidden": "true" }, s("rect", { class: `k${index}`, width: 10, height: 10 })), one.name),
      h("span", {}, `${number(one.looks)} ${one.looks === 1 ? "look" : "looks"}, ${credits(one.credits)}`)))));
}

function added(sum, { looks, credits: spent, days }) {
  for (const [day, count] of days) sum.days.set(day, (sum.days.get(day) ?? 0) + count);
  return { ...sum, looks: sum.looks + looks, credits: sum.credits + spent };
}

function daysOf(first, last) {
  const days = [];
  for (let at = Date.parse(first); at <= Date.parse(last); at += DAY_MS) days.push(new Date(at).toISOString().slice(0, 10));
  return days;
}

/** A column a day, the keys on top of each other. */
function chart(days, keys) {
  const most = Math.max(...days.map((day) => keys.reduce((sum, one) => sum + (one.days.get(day) ?? 0), 0)), 1);
  const columns = days.flatMap((day, at) => {
    let top = HIGH;
    return keys.map((one, index) => {
      const height = ((one.days.get(day) ?? 0) / most) * HIGH;
      top -= height;
      return height ? s("rect", { class: `k${index}`, x: at + GAP, y: top, width: 1 - 2 * GAP, height },
        s("title", {}, `${day}, ${one.name}: ${number(one.days.get(day))}`)) : null;
    });
  });
  return s("svg", { viewBox: `0 0 ${days.length} ${HIGH}`, preserveAspectRatio: "none", role: "img", "aria-label": `Looks by day and key, at most ${number(most)} a day` }, columns);
}

/** The balance below which one is told; changed by a key that may. `changed`: it was. */
export async function lowBalance(signal, changed) {
  const told = await get("/v1/credits/notice", signal);
  if (!may("keys:manage")) return h("p", { class: "quiet" }, words(told));
  const said = h("p", { class: "quiet", id: "notice-now" }, words(told));
  const field = h("input", { id: "notice", type: "number", min: "0", step: "1", required: true, value: told.low_balance, "aria-describedby": "notice-now" });
  const answer = h("div", {});
  const set = async (below) => {
    answer.replaceChildren();
    try {
      const now = await call("PUT", "/v1/credits/notice", { body: { low_balance: below } });
      field.value = now.low_balance;
      said.textContent = words(now);
      announce(words(now));
      changed();
    } catch (error) {
      if (!signal.aborted) answer.replaceChildren(problem(error, () => set(below)));
    }
  };
  return h("form", { class: "notice", onsubmit: (event) => { event.preventDefault(); set(field.valueAsNumber); } }, said,
    h("label", { for: "notice" }, "Warn me below"), h("div", { class: "row" }, field, h("button", { class: "small" }, "Save"),
      h("button", { type: "button", class: "small plain", onclick: () => set(null) }, "Use the default")), answer);
}

function words({ low_balance: below, is_default: usual }) {
  if (!below) return "You get no warning when the balance is low.";
  return `You are warned when fewer than ${credits(below)} are left${usual ? " (the price of 20 looks)" : ""}.`;
}
