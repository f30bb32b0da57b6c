// Tenants that are erased: begun by an admin after a dry run, and followed here.

import { call, get, pause } from "/console/api.js";
import { announce, chip, h, present, time } from "/console/dom.js";
import { act, actor, field, says, table } from "./parts.js";
import { may } from "./session.js";

const EVERY_MS = 3000;

export async function erasuresView({ view, signal }) {
  const notice = h("div", {});
  const rows = h("div", { class: "stack" });
  view.append(h("h1", {}, "Erasures"), h("p", { class: "quiet" }, "A tenant's pictures, photos, rows and texts are deleted for good; amounts stay under a pseudonym."),
    may("admin") ? askForm() : h("p", { class: "quiet" }, "To erase a tenant you need the role admin."), notice, rows);
  await load();

  async function load() {
    const { items } = await get("/ops/v1/erasures", signal);
    rows.replaceChildren(table("Erasures", ["Tenant", "Started", "By", "State", "Last message"], items.map((one) => [
      one.tenant_id ?? one.pseudonym, time(one.begun_at), one.operator ? actor(one.operator) : "–",
      one.finished_at ? chip("finished", "success") : one.running ? chip("running", "watch") : chip("not finished", "bad"), says(one.finished_at ? "" : one.said ?? ""),
    ]), "No tenant has been erased."));
    if (items.some((one) => one.running)) pause(EVERY_MS, signal).then(act(notice, signal, load), () => {});
  }

  function askForm() {
    const answer = h("div", {});
    const form = h("form", { class: "card", "aria-label": "Erase a tenant", onsubmit: (event) => { event.preventDefault(); ask(); } },
      h("h2", {}, "Erase a tenant"),
      h("div", { class: "two" }, field("tenant", "Tenant id", h("input", { id: "tenant", name: "tenant_id", required: true, maxlength: "200", autocomplete: "off" })),
        field("why", "Why", h("input", { id: "why", name: "why", maxlength: "500", autocomplete: "off" }), "Optional. It is kept, so it must not name the tenant.")),
      h("div", { class: "check" }, h("input", { type: "checkbox", id: "revoke", name: "revoke" }), h("label", { for: "revoke" }, "Revoke keys that still work")),
      h("div", { class: "check" }, h("input", { type: "checkbox", id: "shared", name: "leave_shared" }), h("label", { for: "shared" }, "Keep objects that another tenant may read too")),
      answer, h("div", { class: "row end" }, h("button", {}, "Check…")));
    const ask = act(answer, signal, async () => {
      const fields = new FormData(form);
      const body = { tenant_id: fields.get("tenant_id").trim(), why: fields.get("why"), revoke: fields.has("revoke"), leave_shared: fields.has("leave_shared") };
      const { hindrances } = await call("POST", "/ops/v1/erasures", { body, signal });
      if (hindrances.length) return answer.replaceChildren(h("div", { class: "problem", role: "alert" }, h("strong", {}, "Not possible yet"), h("ul", {}, hindrances.map((line) => h("li", {}, line)))));
      return sure(body);
    });
    return form;
  }

  function sure(body) {
    const answer = h("div", {});
    const again = h("input", { id: "again", autocomplete: "off", required: true });
    const form = h("form", { onsubmit: (event) => { event.preventDefault(); begin(); } }, field("again", "Type the tenant id again", again), answer,
      h("div", { class: "row end" }, h("button", { type: "button", class: "plain", onclick: () => dialog.close() }, "Cancel"), h("button", { class: "danger" }, "Erase for good")));
    const dialog = h("dialog", { "aria-labelledby": "sure" }, h("h2", { id: "sure" }, `Erase ${body.tenant_id}?`), h("p", {}, "Nothing prevents it. An erasure can't be undone."), form);
    const begin = act(answer, signal, async () => {
      await call("POST", "/ops/v1/erasures", { body: { ...body, confirm: again.value.trim() }, signal });
      dialog.close();
      announce("The erasure has started");
      await pause(1000, signal);
      await load();
    });
    present(dialog);
  }
}
