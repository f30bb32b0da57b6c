// Operators, their keys, and what was done with them.

import { call, get } from "/console/api.js";
import { announce, chip, confirm, copyButton, h, identifier, present, time } from "/console/dom.js";
import { act, actor, field, requestLink, says, table } from "./parts.js";
import { may } from "./session.js";

const ROLES = [["viewer", "viewer: sees everything"], ["operator", "operator: also redrives, discards, grants, audits"], ["admin", "admin: also erases tenants, manages keys"]];
const LIVES = [["", "never"], ["86400", "in a day"], ["2592000", "in 30 days"], ["31536000", "in a year"]];
const VERBS = { send: "Sent again", rerun: "Rerun", discard: "Discarded", rewind: "Read again", erase: "Erased", grant: "Granted credits", add_operator: "Created a key", revoke_operator: "Revoked a key", end_sessions: "Ended sessions", audit: "Audited" };

export async function actionsView({ view, signal }) {
  view.append(h("h1", {}, "Actions"), h("p", { class: "quiet" }, "What operators did, here and with ", h("code", {}, "looks"), " at a terminal. Rows are never changed or deleted."));
  const { items } = await get("/ops/v1/actions?limit=200", signal);
  view.append(table("Actions", ["When", "Who", "Action", "About", "Outcome", "Reference", "Why"], items.map((one) => [
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
    const here = one.current ? " It is your own key: you will be signed out." : "";
    if (!(await confirm(`Revoke the key of ${one.name}?`, `It stops working at once, and every session with it ends.${here}`, "Revoke it"))) return;
    await call("DELETE", `/ops/v1/operators/${encodeURIComponent(one.key_id)}`, { signal });
    announce("The key is revoked");
    await load();
  });
  const signOut = (one) => act(notice, signal, async () => {
    const here = one.current ? " They are your own: you will be signed out." : "";
    const key = one.is_person ? "" : " The key keeps working.";
    if (!(await confirm(`End all sessions of ${one.name}?`, `Each of these browsers is signed out at once.${key}${here}`, "End them"))) return;
    await call("POST", "/ops/v1/sessions/end", { body: { operator_id: one.operator_id }, signal });
    announce("The sessions have ended");
    await load();
  });

  view.append(h("h1", {}, "Operators"), may("admin") ? addForm() : h("p", { class: "quiet" }, "To create or revoke keys you need the role admin."), notice, rows);
  await load();

  async function load() {
    const [{ items }, sessions] = await Promise.all([get("/ops/v1/operators", signal), get("/ops/v1/sessions", signal)]);
    rows.replaceChildren(h("h2", {}, "Keys"), table("Operators' keys", ["Name", "Role", "Key", "Created", "Last used", "State", "Action"], items.map((one) => [
      h("td", {}, h("b", {}, one.name), one.current ? h("span", { class: "quiet" }, " you") : ""), one.role, h("code", {}, `…${one.last4}`),
      h("td", {}, time(one.created_at), h("span", { class: "quiet" }, " by ", actor(one.created_by))), one.last_used_at ? time(one.last_used_at) : "never",
      one.revoked_at ? chip("revoked", "") : one.works ? chip("active", "success") : chip("expired", ""),
      one.works && may("admin") ? h("button", { type: "button", class: "small", "aria-label": `Revoke the key of ${one.name}`, onclick: revoke(one) }, "Revoke") : "",
    ]), "No keys."), h("h2", {}, "Signed in now"), table("Sessions", ["Name", "Role", "Signed in with", "Browser", "Since", "Last seen", "Action"], sessions.items.map((one) => [
      h("td", {}, h("b", {}, one.name), one.current ? h("span", { class: "quiet" }, " you") : ""), one.role, one.is_person ? "provider" : "key", h("span", { title: one.agent }, browser(one.agent)),
      time(one.created_at), time(one.seen_at),
      may("admin") ? h("button", { type: "button", class: "small", "aria-label": `End all sessions of ${one.name}`, onclick: signOut(one) }, "End all") : "",
    ]), "Nobody is signed in."));
  }

  function addForm() {
    const answer = h("div", {});
    const form = h("form", { class: "card", "aria-label": "New key", onsubmit: (event) => { event.preventDefault(); make(); } },
      h("h2", {}, "New key"),
      h("div", { class: "two" }, field("name", "Name", h("input", { id: "name", name: "name", required: true, maxlength: "64", autocomplete: "off" }), "Who uses it. Actions are recorded under this name."),
        field("role", "Role", h("select", { id: "role", name: "role" }, ROLES.map(([value, text]) => h("option", { value }, text)))),
        field("life", "Expires", h("select", { id: "life", name: "life" }, LIVES.map(([value, text]) => h("option", { value }, text))))),
      answer, h("div", { class: "row end" }, h("button", { class: "primary" }, "Create key")));
    const make = act(answer, signal, async () => {
      const fields = new FormData(form);
      const made = await call("POST", "/ops/v1/operators", { body: { name: fields.get("name").trim(), role: fields.get("role"), expires_in_s: Number(fields.get("life")) || null }, signal });
      form.reset();
      await load();
      const dialog = h("dialog", { "aria-labelledby": "key-title" }, h("h2", { id: "key-title" }, "The new key"), h("p", {}, "Copy it now. It is not shown again."), h("p", {}, identifier(made.key)),
        h("div", { class: "row end" }, copyButton(made.key, "the key"), h("button", { type: "button", class: "primary", onclick: () => dialog.close() }, "Done")));
      present(dialog);
    });
    return form;
  }
}

const BROWSERS = [["Edg/", "Edge"], ["Firefox/", "Firefox"], ["Chrome/", "Chrome"], ["Safari/", "Safari"]];
const SYSTEMS = [["Android", "Android"], ["iPhone", "iPhone"], ["iPad", "iPad"], ["Windows", "Windows"], ["Mac OS", "macOS"], ["Linux", "Linux"]];

/** A browser in two words; whoever needs more hovers over them. */
function browser(agent) {
  const [name, system] = [BROWSERS, SYSTEMS].map((known) => known.find(([part]) => agent.includes(part))?.[1]);
  return name && system ? `${name} on ${system}` : agent.slice(0, 40) || "unknown";
}
