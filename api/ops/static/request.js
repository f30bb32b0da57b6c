// One request: where it stands, what operators did about it, its timeline, its dead letters whole.

import { get } from "/console/api.js";
import { chip, h, identifier, time } from "/console/dom.js";
import { act, actor, order, says, table } from "./parts.js";
import { may } from "./session.js";

const ENDED = ["SUCCESS", "FAILURE"];
const EVERY_MS = 3000;

export async function requestView({ view, id, signal }) {
  const body = h("div", { class: "stack" });
  const notice = h("div", {});
  view.append(h("p", { class: "crumbs" }, h("a", { href: "#/letters" }, "Dead letters")), h("h1", {}, `Request …${(id ?? "").slice(-8)}`), notice, body);
  const load = async () => {
    const found = await get(`/ops/v1/requests/${encodeURIComponent(id ?? "")}`, signal);
    draw(found);
    if (found.status && !ENDED.includes(found.status)) setTimeout(() => { if (!signal.aborted) act(notice, signal, load)(); }, EVERY_MS);
  };
  await load();

  function draw(one) {
    const kind = { SUCCESS: "success", FAILURE: "failure" }[one.status] ?? "watch";
    body.replaceChildren(
      h("dl", { class: "receipt card" },
        h("dt", {}, "Request"), h("dd", {}, identifier(one.request_id)),
        one.tenant_id ? [h("dt", {}, "Tenant"), h("dd", {}, h("a", { href: `#/tenants/${encodeURIComponent(one.tenant_id)}` }, one.tenant_id))] : null,
        h("dt", {}, "Status"), h("dd", {}, chip(one.status ?? "unknown", kind)),
        one.code ? [h("dt", {}, "Why"), h("dd", {}, h("code", {}, one.code), " ", one.timeline.at(-1)?.message ?? "")] : null,
        h("dt", {}, "Refunded"), h("dd", {}, one.refunded ? "yes" : "no"),
        one.redriven_as ? [h("dt", {}, "Run again as"), h("dd", {}, h("a", { href: `#/request/${one.redriven_as}` }, one.redriven_as))] : null,
        one.redriven_from ? [h("dt", {}, "Run again from"), h("dd", {}, h("a", { href: `#/request/${one.redriven_from}` }, one.redriven_from))] : null),
      one.letters.length && may("operator") && !one.redriven_as ? h("div", { class: "row" }, h("button", { type: "button", class: "primary", onclick: ask("redrive") }, "Redrive…"), h("button", { type: "button", onclick: ask("discard") }, "Discard…")) : "",
      h("section", { class: "stack" }, h("h2", {}, "Timeline"), one.timeline.length ? h("ol", { class: "timeline" }, one.timeline.map((event) =>
        h("li", {}, time(event.at), h("b", {}, event.stage ?? event.type), h("span", {}, event.message)))) : h("p", { class: "quiet" }, "No event yet.")),
      h("section", { class: "stack" }, h("h2", {}, "What operators did"), one.actions.length ? table("What operators did", ["When", "Who", "Action", "State", "Outcome", "Why"], one.actions.map((action) => [
        time(action.at), actor(action.operator), action.verb, action.state, says(action.outcome), says(action.reason),
      ]), "") : h("p", { class: "quiet" }, "Nothing yet.")),
      one.letters.length ? h("section", { class: "stack" }, h("h2", {}, "Dead letter, whole"), one.letters.map((letter) => h("details", { open: one.letters.length === 1 },
        h("summary", {}, `${letter.topic}[${letter.partition}]@${letter.offset}`), h("pre", { tabindex: "0" }, readable(letter))))) : "",
    );
  }

  function ask(verb) {
    return act(notice, signal, () => order({
      title: verb === "redrive" ? "Redrive" : "Discard", path: `/ops/v1/dead-letters/${verb}`, body: { request_ids: [id] },
      needsWhy: verb === "discard", done: verb === "redrive" ? "Redrive" : "Discard", changed: act(notice, signal, load), signal,
    }));
  }
}

/** The record as text: its headers, then its body laid out where it is JSON. */
function readable(letter) {
  const headers = Object.entries(letter.headers).map(([name, text]) => `${name}: ${text}`).join("\n");
  const bytes = Uint8Array.from(atob(letter.value ?? ""), (one) => one.charCodeAt(0));
  const text = new TextDecoder().decode(bytes);
  try {
    return `${headers}\n\n${JSON.stringify(JSON.parse(text), null, 2)}`;
  } catch {
    return `${headers}\n\n${text}`;
  }
}
