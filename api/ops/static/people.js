// Operators, their keys, and what was done with them.

import { call, get } from "/console/api.js";
import { announce, chip, confirm, copyButton, h, identifier, present, time } from "/console/dom.js";
import { act, actor, field, requestLink, says, table } from "./parts.js";
import { may } from "./session.js";

const ROLES = [["viewer", "viewer: sees everything"], ["operator", "operator: redrives, discards, grants"], ["admin", "admin: erases tenants, makes keys"]];
const LIVES = [["", "Until it is revoked"], ["86400", "A day"], ["2592000", "30 days"], ["31536000", "A year"]];
const VERBS = { send: "Sent again", rerun: "Made anew", discard: "Discarded", rewind: "Rewound", erase: "Erased", grant: "Granted", add_operator: "Made a key", revoke_operator: "Revoked a key", end_sessions: "Ended sessions", audit: "Audited" };

export async function actionsView({ view, signal }) {
  view.append(h("h1", {}, "Actions"), h("p", { class: "quiet" }, "What operators did, here and with looks at a terminal. Rows are never changed or deleted."));
  const { items } = await get("/ops/v1/actions?limit=200", signal);
  view.append(table("Actions", ["When", "Who", "What", "About", "Outcome", "Reference", "Why"], items.map((one) => [
    time(one.at), h("td", {}, h("b", {}, actor(one.operator)), " ", h("span", { class: "quiet" }, one.role ?? "terminal")),
    h("td", {}, VERBS[one.verb] ?? one.verb, one.state === "unfinished" ? [" ", chip("unfinished", "bad")] : ""),
    one.request_id ? requestLink(one.request_id) : one.verb === "grant" && one.target !== "erased" ? h("a", { class: "target", href: `#/tenants/${encodeURIComponent(one.target)}` }, one.target) : h("code", {}, one.target ?? one.record ?? ""),
    says(one.outcome), one.reference ?? "", says(one.reason),
  ]), "Nothing has been done yet."));
}

export async function operatorsView({ view, signal }) {
  const notice = h("div", {});
  const rows = h("div", { class: "stack" });
  const revoke = (one) => act(notice, signal, async () => {
    const here = one.current ? " You are signed in with it: you will be signed out." : "";
    if (!(await confirm(`Revoke the key of ${one.name}?`, `It stops working at once, and every sign-in with it ends.${here}`, "Revoke it"))) return;
    await call("DELETE", `/ops/v1/operators/${encodeURIComponent(one.key_id)}`, { signal });
    announce("The key is revoked");
    await load();
  });
  const signOut = (one) => act(notice, signal, async () => {
    const here = one.current ? " These are yours: you will be signed out." : "";
    const key = one.is_person ? "" : " The key goes on working.";
    if (!(await confirm(`End all sessions of ${one.name}?`, `Every browser that is signed in so is signed out at once.${key}${here}`, "End them"))) return;
    await call("POST", "/ops/v1/sessions/end", { body: { operator_id: one.operator_id }, signal });
    announce("The sessions have ended");
    await load();
  });

  view.append(h("h1", {}, "Operators"), may("admin") ? addForm() : h("p", { class: "quiet" }, "Making and revoking keys needs the role admin."), notice, rows);
  await load();

  async function load() {
    const [{ items }, sessions] = await Promise.all([get("/ops/v1/operators", signal), get("/ops/v1/sessions", signal)]);
    rows.replaceChildren(h("h2", {}, "Keys"), table("Operators' keys", ["Name", "Role", "Key", "Made", "Last used", "State", "Action"], items.map((one) => [
      h("td", {}, h("b", {}, one.name), one.current ? h("span", { class: "quiet" }, " this is you") : ""), one.role, h("code", {}, `…${one.last4}`),
      h("td", {}, time(one.created_at), h("span", { class: "quiet" }, " by ", actor(one.created_by))), one.last_used_at ? time(one.last_used_at) : "never",
      one.revoked_at ? chip("revoked", "") : one.works ? chip("works", "success") : chip("expired", ""),
      one.works && may("admin") ? h("button", { type: "button", class: "small", "aria-label": `Revoke the key of ${one.name}`, onclick: revoke(one) }, "Revoke") : "",
    ]), "No keys."), h("h2", {}, "Signed in now"), table("Sessions", ["Name", "Role", "By", "Browser", "Since", "Last seen", "Action"], sessions.items.map((one) => [
      h("td", {}, h("b", {}, one.name), one.current ? h("span", { class: "quiet" }, " this is you") : ""), one.role, one.is_person ? "the provider" : "a key", says(one.agent),
      time(one.created_at), time(one.seen_at),
      may("admin") ? h("button", { type: "button", class: "small", "aria-label": `End all sessions of ${one.name}`, onclick: signOut(one) }, "End all") : "",
    ]), "Nobody is signed in."));
  }

  function addForm() {
    const answer = h("div", {});
    const form = h("form", { class: "card", "aria-label": "A new key", onsubmit: (event) => { event.preventDefault(); make(); } },
      h("h2", {}, "A new key"),
      h("div", { class: "two" }, field("name", "For whom", h("input", { id: "name", name: "name", required: true, maxlength: "64", autocomplete: "off" }), "Each of its actions is recorded under this name."),
        field("role", "Role", h("select", { id: "role", name: "role" }, ROLES.map(([value, text]) => h("option", { value }, text)))),
        field("life", "It works", h("select", { id: "life", name: "life" }, LIVES.map(([value, text]) => h("option", { value }, text))))),
      answer, h("div", { class: "row end" }, h("button", { class: "primary" }, "Make a key")));
    const make = act(answer, signal, async () => {
      const fields = new FormData(form);
      const made = await call("POST", "/ops/v1/operators", { body: { name: fields.get("name").trim(), role: fields.get("role"), expires_in_s: Number(fields.get("life")) || null }, signal });
      form.reset();
      await load();
      const dialog = h("dialog", { "aria-labelledby": "key-title" }, h("h2", { id: "key-title" }, "The new key"), h("p", {}, "Keep it now: it is not shown again."), h("p", {}, identifier(made.key)),
        h("div", { class: "row end" }, copyButton(made.key, "the key"), h("button", { type: "button", class: "primary", onclick: () => dialog.close() }, "I have it")));
      present(dialog);
    });
    return form;
  }
}
