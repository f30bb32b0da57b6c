// Looks that wait for their outcome.

import { get, withQuery } from "/console/api.js";
import { chip, h, time } from "/console/dom.js";
import { field, findRequest, requestLink, says, table } from "./parts.js";

const AGES = [["0", "any time"], ["60", "1 minute"], ["600", "10 minutes"], ["3600", "1 hour"]];

export async function looksView({ view, query, signal }) {
  const older = query.get("older") ?? "60";
  const age = h("select", { id: "age", onchange: () => { location.hash = `#/looks?older=${age.value}`; } }, AGES.map(([value, text]) => h("option", { value, selected: value === older }, text)));
  view.append(h("div", { class: "head" }, h("h1", {}, "Waiting looks"), findRequest()),
    h("p", { class: "quiet" }, "Looks that have no outcome yet. The deadline sweeper fails and refunds those past their deadline, as long as deadline_sweeper runs and status_projection keeps up."),
    h("div", { class: "filters" }, field("age", "Waiting for at least", age)));
  const { items } = await get(withQuery("/ops/v1/looks/waiting", { older_than_s: older, limit: "500" }), signal);
  view.append(table("Waiting looks", ["Request", "Tenant", "Accepted", "Stage", "Deadline"], items.map((one) => [
    requestLink(one.request_id), one.tenant_id, time(one.created_at), says(...standing(one)),
    h("td", {}, one.overdue ? [chip("past", "bad"), " "] : "", time(one.deadline_at)),
  ]), "No look has been waiting that long."));
}

function standing(one) {
  if (one.unsent) return [chip("unsent", "bad"), " its event is still in the outbox: is outbox_relay running?"];
  if (!one.last_event) return [chip("not started", "watch"), " no event of it has been read yet"];
  return [one.last_event, " ", h("span", { class: "quiet" }, time(one.last_event_at))];
}
