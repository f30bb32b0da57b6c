// Keys, made, rotated and revoked, and where this key is signed in.

import { call, get } from "./api.js";
import { announce, chip, confirm, copyButton, h, identifier, present, time } from "./dom.js";
import { may, me } from "./key.js";
import { refusedView } from "./refused.js";
import { act, table } from "./credits.js";

const ABILITIES = [["jobs:create", "Make looks"], ["jobs:read", "See looks and credits"], ["webhooks:manage", "Manage webhooks"], ["keys:manage", "Manage keys"]];
const KEY_HEADS = ["Key", "May", "Created", "Last used", "State", "Action"];
const SESSION_HEADS = ["Browser", "Since", "Last seen", "Action"];
const LIVES = [["", "Never"], ["86400", "After a day"], ["2592000", "After 30 days"], ["31536000", "After a year"]];

export async function accessView({ view, query, signal }) {
  const [parts, wanted] = [{ keys: h("div", { class: "stack" }), sessions: h("div", { class: "stack" }), refused: h("div", { class: "stack" }) }, query.get("request")];
  view.append(h("h1", {}, "Access"), h("section", { class: "stack" }, h("h2", {}, "Keys"), parts.keys),
    h("section", { class: "stack" }, h("h2", {}, "Signed in with this key"), parts.sessions),
    may("jobs:read") ? h("section", { class: "stack", id: "refused" }, h("h2", {}, "Refused requests"), h("p", { class: "quiet" }, "Of all keys of this tenant, for 7 days."), parts.refused) : "");
  const refused = async () => parts.refused.replaceChildren(...await refusedView(wanted, signal));
  await Promise.all([keys(parts.keys, signal), sessions(parts.sessions, signal), may("jobs:read") ? refused() : null]);
  return wanted && { top: document.getElementById("refused").offsetTop, focus: document.getElementById("refused-id") };
}

async function keys(into, signal) {
  if (!may("keys:manage")) {
    into.replaceChildren(h("p", { class: "quiet" }, "This key may not manage keys. For that it needs the capability ", h("code", {}, "keys:manage"), "."));
    return;
  }
  const notice = h("div", {});
  const load = async () => {
    const { items } = await get("/v1/keys", signal);
    const rows = h("tbody", { role: "rowgroup" }, items.map((one) => keyRow(one, notice, signal, load)));
    into.replaceChildren(addForm(signal, load), notice, table("Keys, newest first", KEY_HEADS, rows, "cards"));
  };
  await load();
}

function addForm(signal, load) {
  const answer = h("div", {});
  const mine = ABILITIES.filter(([value]) => may(value));
  const life = h("select", { id: "life", name: "life" }, LIVES.map(([value, text]) => h("option", { value }, text)));
  const form = h("form", { class: "card", "aria-label": "A new key", onsubmit: (event) => { event.preventDefault(); make(); } },
    h("fieldset", {}, h("legend", {}, "A new key that may"), h("div", { class: "row" }, mine.map(([value, label]) => h("div", { class: "check" },
      h("input", { type: "checkbox", id: `may-${value}`, name: "may", value, checked: value !== "keys:manage" }), h("label", { for: `may-${value}` }, label))))),
    h("div", { class: "row fields" }, h("div", {}, h("label", { for: "key-name" }, "Name "), h("input", { id: "key-name", name: "name", maxlength: "60", autocomplete: "off", placeholder: "web shop" })),
      h("div", {}, h("label", { for: "life" }, "Expires "), life), h("button", { class: "primary" }, "Make a key")), answer);
  const make = act(answer, signal, async () => {
    const fields = new FormData(form);
    const made = await call("POST", "/v1/keys", { body: { name: fields.get("name").trim(), capabilities: fields.getAll("may"), expires_in_s: Number(fields.get("life")) || null } });
    await load();
    showKey(made.key);
  });
  return form;
}

function showKey(key) {
  const dialog = h("dialog", { "aria-labelledby": "key-title" },
    h("h2", { id: "key-title" }, "The new key"), h("p", {}, "Keep it now: it is not shown again."), h("p", {}, identifier(key)),
    h("div", { class: "row end" }, copyButton(key, "the key"), h("button", { type: "button", class: "primary", onclick: () => dialog.close() }, "I have it")));
  present(dialog);
}

/** What a key may do, in the words of the form. */
const abilities = ({ capabilities }) => ABILITIES.filter(([value]) => capabilities.includes(value)).map(([, label]) => label).join(", ").toLowerCase();

/** What a column is called, where a phone shows no heads. */
const word = (text) => h("span", { class: "head quiet" }, text);

function keyRow(one, notice, signal, load) {
  const path = `/v1/keys/${one.id}`;
  const rotate = act(notice, signal, async () => {
    if (!(await confirm("Rotate this key?", "You get a new key. The old one works for one more day, so that you can switch.", "Rotate it"))) return;
    const made = await call("POST", `${path}/rotate`, { body: {} });
    await load();
    showKey(made.key);
  });
  const revoke = act(notice, signal, async () => {
    const here = one.current ? " You are signed in with it: you will be signed out." : "";
    if (!(await confirm("Revoke this key?", `It stops working at once, and every sign-in with it ends.${here}`, "Revoke it"))) return;
    await call("DELETE", path);
    announce("The key is revoked");
    await load();
  });
  const name = h("span", { class: "unseen" }, ` the key that ends in ${one.last4}`);
  const state = one.works ? chip(one.current ? "This one" : "Active", "success") : chip(one.revoked_at ? "Revoked" : "Expired", "");
  const cell = (...children) => h("td", { role: "cell" }, ...children);
  return h("tr", { role: "row" }, cell(one.name && h("strong", {}, `${one.name} `), h("code", { class: "last4", translate: "no" }, `…${one.last4}`)), cell(abilities(one)), cell(word("Created "), time(one.created_at)),
    cell(word("Last used "), one.last_used_at ? time(one.last_used_at) : h("span", { class: "quiet" }, "never")), cell(state, one.works && one.expires_at ? h("span", { class: "quiet" }, " until ", time(one.expires_at)) : null),
    cell(one.works ? h("div", { class: "row" }, h("button", { type: "button", class: "small", onclick: rotate }, "Rotate", name.cloneNode(true)), h("button", { type: "button", class: "small plain danger", onclick: revoke }, "Revoke", name)) : null));
}

async function sessions(into, signal) {
  const notice = h("div", {});
  const load = async () => {
    const { items } = await get("/v1/sessions", signal);
    const end = (one) => act(notice, signal, async () => {
      await call("DELETE", `/v1/sessions/${one.id}`);
      announce("Signed out there");
      await load();
    });
    const everywhere = act(notice, signal, async () => {
      if (!(await confirm("Sign out everywhere?", "Every browser that is signed in with this key is signed out, this one too. The key stays valid.", "Sign out everywhere"))) return;
      await call("DELETE", "/v1/sessions");
      me.known = null;
      location.reload();
    });
    const rows = h("tbody", { role: "rowgroup" }, items.map((one) => h("tr", { role: "row" },
      h("td", { role: "cell" }, browserOf(one.agent)), h("td", { role: "cell" }, word("Since "), time(one.created_at)), h("td", { role: "cell" }, word("Last seen "), time(one.last_seen_at)),
      h("td", { role: "cell" }, one.current ? chip("This browser", "success") : h("button", { type: "button", class: "small", onclick: end(one) }, "Sign out", h("span", { class: "unseen" }, ` ${browserOf(one.agent)}, ${one.id.slice(-6)}`))))));
    into.replaceChildren(table("Sign-ins, last used first", SESSION_HEADS, rows, "cards"), notice,
      h("div", { class: "row" }, h("button", { type: "button", class: "danger", onclick: everywhere }, "Sign out everywhere")));
  };
  await load();
}

/** A browser's name for itself, as short as can be. */
function browserOf(agent) {
  const [name] = /Firefox|Edg|OPR|Chrome|Safari/.exec(agent) ?? ["Unknown browser"];
  const [system] = /Android|iPhone|iPad|Windows|Mac OS|Linux/.exec(agent) ?? [""];
  return `${{ Edg: "Edge", OPR: "Opera" }[name] ?? name}${system && ` on ${system}`}`;
}
