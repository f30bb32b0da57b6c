// Tenants, what they can spend, and grants.

import { call, get, withQuery } from "/console/api.js";
import { announce, h, number, time } from "/console/dom.js";
import { act, field, requestLink, table } from "./parts.js";
import { may } from "./session.js";

export function tenantsView(shown) {
  return shown.id ? one(shown) : list(shown);
}

async function list({ view, query, signal }) {
  const search = h("input", { id: "search", type: "search", value: query.get("find") ?? "", maxlength: "100", autocomplete: "off" });
  view.append(h("h1", {}, "Tenants"), h("form", { class: "filters", role: "search", onsubmit: (event) => { event.preventDefault(); location.hash = withQuery("#/tenants", { find: search.value || null }); } },
    field("search", "Tenant id contains", search), h("button", {}, "Find")));
  const { items, more } = await get(withQuery("/ops/v1/tenants", { query: query.get("find") || null, webhooks_disabled: query.get("webhooks_disabled"), limit: "200" }), signal);
  if (query.has("webhooks_disabled")) view.append(h("p", {}, "Tenants with webhooks that were disabled after failed calls. The tenants enable them again once their endpoints answer. ", h("a", { href: "#/tenants" }, "Show all tenants")));
  view.append(table("Tenants", ["Tenant", "#Credits, live", "#Credits, test", "#Looks in progress", "#Keys", "#Disabled webhooks"], items.map((tenant) => [
    h("a", { class: "target", href: `#/tenants/${encodeURIComponent(tenant.tenant_id)}` }, tenant.tenant_id), tenant.live, tenant.test, tenant.in_work, tenant.keys, tenant.webhooks_disabled,
  ]), "No tenant's id contains that."), more ? h("p", { class: "quiet" }, "There are more. Search to narrow the list.") : "");
}

async function one({ view, id, signal }) {
  const path = `/ops/v1/tenants/${encodeURIComponent(id)}`;
  const body = h("div", { class: "stack" });
  view.append(h("p", { class: "crumbs" }, h("a", { href: "#/tenants" }, "Tenants")), h("h1", {}, id), body);
  await load();

  async function load() {
    const tenant = await get(path, signal);
    body.replaceChildren(
      h("section", { class: "facts", "aria-label": "Balances" }, ["live", "test"].map((name) => h("p", { class: "fact" }, h("b", {}, number(tenant.balances[name])), h("span", { class: "quiet" }, `credits, ${name}`)))),
      may("operator") ? grantForm() : h("p", { class: "quiet" }, "To grant credits you need the role operator."),
      ...["live", "test"].filter((name) => tenant.entries[name].length || name === "live").map((name) => h("section", { class: "stack" }, h("h2", {}, `Newest entries, ${name}`),
        table(`Newest entries, ${name}`, ["When", "Kind", "Request", "#Credits"], tenant.entries[name].map((entry) => [
          time(entry.at), entry.kind, requestLink(entry.request_id), `${entry.amount > 0 ? "+" : entry.amount < 0 ? "\u2212" : ""}${number(Math.abs(entry.amount))}`,
        ]), "No entries yet."))),
      h("dl", { class: "receipt card" }, h("dt", {}, "May use object keys under"), h("dd", {}, tenant.key_prefixes.join(", ") || "none"),
        h("dt", {}, "Engine"), h("dd", {}, tenant.engine ?? "default"), h("dt", {}, "Quality floor"), h("dd", {}, tenant.quality_floor ?? "default")),
    );
  }

  function grantForm() {
    const notice = h("div", {});
    const form = h("form", { class: "card", "aria-label": "Grant credits", onsubmit: (event) => { event.preventDefault(); give(); } },
      h("h2", {}, "Grant credits"),
      h("div", { class: "two" },
        field("environment", "Environment", h("select", { id: "environment", name: "environment" }, h("option", { value: "live" }, "live"), h("option", { value: "test" }, "test"))),
        field("amount", "Credits", h("input", { id: "amount", name: "amount", type: "number", min: "1", max: "1000000000000", step: "1", required: true })),
        field("reference", "Reference", h("input", { id: "reference", name: "reference", required: true, maxlength: "200", pattern: "[!-~]+", autocomplete: "off" }), "For example a ticket's id. One reference is granted once."),
        field("why", "Why", h("input", { id: "why", name: "why", maxlength: "500", autocomplete: "off" }))),
      notice, h("div", { class: "row end" }, h("button", { class: "primary" }, "Grant")));
    const give = act(notice, signal, async () => {
      const { amount, ...fields } = Object.fromEntries(new FormData(form));
      const { granted, balance } = await call("POST", `${path}/grants`, { body: { ...fields, amount: Number(amount) }, signal });
      const words = granted ? `Granted. The balance is ${number(balance)}.` : `This reference was granted before, so nothing was added. The balance is ${number(balance)}.`;
      await load();
      body.querySelector("form").before(h("p", { class: granted ? "well" : "problem", role: "status" }, words));
      announce(words);
    });
    return form;
  }
}
