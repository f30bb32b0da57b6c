// Endpoints that are told of finished looks, what they were sent, and sending it again.

import { call, get, withQuery } from "./api.js";
import { announce, chip, confirm, copyButton, h, identifier, notAllowed, number, present, problem, said, time } from "./dom.js";
import { may } from "./key.js";
import { act as acts, table } from "./credits.js";

const PAGE = 20;
const MAX_REPLAYED = 200;
const SINCE = [["0", "from any time"], ["1", "from the last hour"], ["24", "from the last day"], ["168", "from the last week"]];
const EVENTS = [["look.completed", "finished looks"], ["look.failed", "failed looks"]];
const WHY = { owner: "switched off by you", gone: "it answered 410: gone", failing: "every try failed for days" };
const AGAIN_AFTER_MS = 1500;
const NEW = { event_types: EVENTS.map(([value]) => value), include_image_url: false, description: "" };
const MAX_LOOKS = 10; // a delivery that failed waits for hours: no need to watch it

export async function webhooksView({ view, signal }) {
  if (!may("webhooks:manage")) {
    view.append(h("h1", {}, "Webhooks"), notAllowed("manage webhooks", "webhooks:manage"));
    return;
  }
  const list = h("div", { class: "stack" });
  const foot = h("div", { class: "foot" });
  const pages = { cursor: null };
  const load = async () => {
    const page = await get(withQuery("/v1/webhooks", { limit: PAGE, cursor: pages.cursor }), signal);
    pages.cursor = page.next_cursor;
    list.append(...page.items.map((one) => endpoint(one, signal)));
    foot.replaceChildren(page.next_cursor ? h("button", { type: "button", onclick: more }, "Show more") : "");
    none.hidden = list.children.length > 0;
  };
  const more = () => load().catch((error) => { if (!signal.aborted) foot.replaceChildren(problem(error, more)); });
  const none = h("p", { class: "empty" }, "No endpoints yet. Add one, and each finished or failed look is posted to it, signed.");
  view.append(h("h1", {}, "Webhooks"), addForm((made) => { list.prepend(endpoint(made, signal)); none.hidden = true; }), none, list, foot);
  await load();
}

function addForm(added) {
  const url = h("input", { type: "url", id: "url", required: true, placeholder: "https://example.com/hooks/looks", autocomplete: "off" });
  const answer = h("div", {});
  const button = h("button", { class: "primary" }, "Add endpoint");
  const form = h("form", { class: "card", onsubmit: async (event) => {
    event.preventDefault();
    button.disabled = true;
    answer.replaceChildren();
    try {
      const made = await call("POST", "/v1/webhooks", { body: { url: url.value.trim(), ...told(form) } });
      form.reset();
      added(made);
      showSecret(made.secret);
    } catch (error) {
      answer.replaceChildren(problem(error, () => form.requestSubmit()));
    }
    button.disabled = false;
  } }, h("label", { for: "url" }, "URL of a new endpoint"), h("div", { class: "row" }, url, button), fields("new", NEW), answer);
  return form;
}

/** What can be said of an endpoint: when it is made, and later. `name`: sets its fields apart from those of others. */
function fields(name, hook) {
  const check = (value, label, checked, group) => h("div", { class: "check" },
    h("input", { type: "checkbox", id: `${name}-${value}`, name: group, value, checked }), h("label", { for: `${name}-${value}` }, label));
  return h("div", { class: "stack" },
    h("fieldset", {}, h("legend", {}, "Events"), h("div", { class: "row" }, EVENTS.map(([value, label]) => check(value, label, hook.event_types.includes(value), "event")))),
    check("picture", "Include a link to the picture: it needs no key and expires", hook.include_image_url, "picture"),
    h("div", {}, h("label", { for: `${name}-description` }, "Description"),
      h("input", { id: `${name}-description`, name: "description", maxlength: "200", autocomplete: "off", placeholder: "What it is for", value: hook.description })));
}

/** Which events an endpoint is told of, in the words of the form. */
const events = (hook) => EVENTS.filter(([value]) => hook.event_types.includes(value)).map(([, label]) => label).join(", ");

function told(form) {
  const values = new FormData(form);
  return { event_types: values.getAll("event"), include_image_url: values.has("picture"), description: values.get("description").trim() };
}

/** The fields of an endpoint that is there; `saved` takes it as it is then. */
function changeForm(path, hook, signal, saved) {
  const answer = h("div", {});
  const form = h("form", { class: "stack", "aria-label": `Change ${hook.url}`, onsubmit: (event) => { event.preventDefault(); save(); } },
    fields(hook.id, hook), answer, h("div", { class: "row" }, h("button", { class: "small primary" }, "Save")));
  const save = acts(answer, signal, async () => saved(await call("PATCH", path, { body: told(form) })));
  return form;
}

function showSecret(secret) {
  const dialog = h("dialog", { "aria-labelledby": "secret-title" },
    h("h2", { id: "secret-title" }, "The endpoint's secret"),
    h("p", {}, "Deliveries are signed with it. It is not shown again."),
    h("p", {}, identifier(secret)),
    h("div", { class: "row end" }, copyButton(secret, "the secret"), h("button", { type: "button", class: "primary", onclick: () => dialog.close() }, "I have it")));
  present(dialog);
}

function endpoint(hook, signal) {
  const path = `/v1/webhooks/${hook.id}`;
  const state = h("span", {});
  const notice = h("div", {});
  const deliveries = h("div", { class: "deliveries" });
  const toggle = h("button", { type: "button", class: "small" });
  const facts = h("p", { class: "quiet" });
  const change = h("details", {});
  const draw = () => {
    state.replaceChildren(hook.enabled ? chip("Enabled", "success") : chip(`Disabled: ${WHY[hook.disabled_reason] ?? hook.disabled_reason}`, "failure"));
    toggle.textContent = hook.enabled ? "Disable" : "Enable";
    facts.replaceChildren([hook.description, events(hook), hook.include_image_url && "with a link to the picture", "added "].filter(Boolean).join(" · "), time(hook.created_at));
    change.replaceChildren(h("summary", {}, "Change", h("span", { class: "unseen" }, ` ${hook.url}`)), changeForm(path, hook, signal, saved));
  };
  const act = (work) => acts(notice, signal, work);
  let shown = new AbortController();
  const forget = () => { // so that nothing is asked of what another list replaces, or of an endpoint that is gone
    shown.abort();
    shown = new AbortController();
    return AbortSignal.any([signal, shown.signal]);
  };
  const open = act(() => deliveryList(path, deliveries, forget()));
  toggle.addEventListener("click", act(async () => {
    hook = await call("PATCH", path, { body: { enabled: !hook.enabled } });
    draw();
  }));
  const saved = (now) => {
    hook = now;
    change.open = false;
    draw();
    notice.replaceChildren(said("Saved"));
  };
  const test = act(async () => {
    await call("POST", `${path}/test`);
    announce("A test is on its way");
    await open();
  });
  const rotate = act(async () => {
    if (!(await confirm("Make a new secret?", "For one day, deliveries are signed with both the old and the new secret, so that you can switch.", "Make it"))) return;
    const made = await call("POST", `${path}/rotate-secret`, { body: {} });
    showSecret(made.secret);
  });
  const since = h("select", { "aria-label": `Period of failed deliveries, ${hook.url}` }, SINCE.map(([hours, text]) => h("option", { value: hours }, text)));
  const replay = act(async () => {
    const sent = await replayFailed(path, signal, Number(since.value));
    await open();
    notice.replaceChildren(said(!sent ? "No delivery of this period has failed" : `${number(sent)} sent again${sent < MAX_REPLAYED ? "" : ", the most at once: press again for the rest"}`));
  });
  const remove = act(async () => {
    if (!(await confirm("Remove this endpoint?", `${hook.url} and its deliveries are forgotten.`, "Remove it"))) return;
    forget();
    deliveries.replaceChildren();
    await call("DELETE", path);
    element.remove();
    announce("Endpoint removed");
  });
  const element = h("article", { class: "card endpoint" },
    h("div", { class: "row between" }, h("h2", { class: "url" }, hook.url), state),
    facts,
    h("div", { class: "row" },
      h("button", { type: "button", class: "small", onclick: open }, "Deliveries"),
      h("button", { type: "button", class: "small", onclick: test }, "Send a test"),
      h("button", { type: "button", class: "small", onclick: replay }, "Send failed again"), since,
      h("button", { type: "button", class: "small", onclick: rotate }, "New secret"), toggle,
      h("button", { type: "button", class: "small plain danger", onclick: remove }, "Remove")),
    change, notice, deliveries);
  draw();
  return element;
}

/** What an endpoint was sent, in the state that is chosen. */
async function deliveryList(path, into, signal) {
  const shown = h("div", { class: "stack" });
  const state = h("select", { id: `state-${path}`, onchange: () => fill() }, h("option", { value: "" }, "Any"),
    Object.entries(DELIVERY).map(([value, [text]]) => h("option", { value }, text)));
  const fill = acts(shown, signal, async () => {
    const status = state.value || null;
    shown.replaceChildren(...deliveryPages(path, status, await get(withQuery(`${path}/deliveries`, { limit: PAGE, status }), signal), signal));
  });
  await fill();
  into.replaceChildren(h("div", { class: "row" }, h("label", { for: state.id }, "State"), state), shown);
}

function deliveryPages(path, status, first, signal) {
  if (!first.items.length) return [h("p", { class: "empty" }, status ? "No delivery is in this state." : "Nothing was sent yet.")];
  const rows = h("tbody", { role: "rowgroup" });
  const foot = h("div", { class: "foot" });
  const show = (one) => {
    rows.append(...one.items.map((delivery) => deliveryRow(path, delivery, signal)));
    const more = async () => {
      try {
        show(await get(withQuery(`${path}/deliveries`, { limit: PAGE, status, cursor: one.next_cursor }), signal));
      } catch (error) {
        if (!signal.aborted) foot.replaceChildren(problem(error, more));
      }
    };
    foot.replaceChildren(one.next_cursor ? h("button", { type: "button", class: "small", onclick: more }, "Show more") : "");
  };
  show(first);
  return [table("Deliveries, newest first", ["When", "Event", "State", "Last answer", "Action"], rows, "cards"), foot];
}

/** Send again what failed, the newest first; returns how many. */
async function replayFailed(path, signal, hours) {
  const from = hours ? new Date(Date.now() - hours * 3_600_000).toISOString() : "";
  let [sent, cursor] = [0, null];
  do {
    const page = await get(withQuery(`${path}/deliveries`, { limit: 100, status: "failed", cursor }), signal);
    for (const one of page.items) {
      if (sent === MAX_REPLAYED || one.created_at < from) return sent;
      await call("POST", `${path}/deliveries/${one.id}/redeliver`, { signal });
      sent += 1;
    }
    cursor = page.next_cursor;
  } while (cursor);
  return sent;
}

const DELIVERY = {
  pending: ["Pending", "in_progress"], delivered: ["Delivered", "success"], failed: ["Failed", "failure"], skipped: ["Skipped", ""],
};

function deliveryRow(path, delivery, signal) {
  const row = h("tr", { role: "row" }); // a phone shows it as a block: its roles are said
  const draw = (one) => {
    delivery = one;
    const look = one.request_id ? h("a", { class: "target", href: `#/looks/${one.request_id}` }, one.event_type) : one.event_type;
    const again = h("button", { type: "button", class: "small", onclick: () => redeliver(one) }, "Send again", h("span", { class: "unseen" }, `: ${one.event_type} ${one.id}`));
    const body = h("details", { ontoggle: () => showPayload(body, one) }, h("summary", {}, "Payload", h("span", { class: "unseen" }, ` of ${one.id}`)));
    row.replaceChildren(
      h("td", { role: "cell" }, time(one.created_at)), h("td", { role: "cell" }, look),
      h("td", { role: "cell" }, chip(...(DELIVERY[one.status] ?? [one.status, ""])), one.attempts ? h("span", { class: "quiet" }, ` ${number(one.attempts)} ${one.attempts === 1 ? "try" : "tries"}`) : null),
      h("td", { role: "cell" }, lastAnswer(one), body), h("td", { role: "cell" }, again));
    if (one.status === "pending" && looksLeft > 0) setTimeout(lookAgain, AGAIN_AFTER_MS);
  };
  const showPayload = async (body, one) => {
    if (!body.open || body.children.length > 1) return;
    try {
      const { payload } = await get(`${path}/deliveries/${one.id}`, signal);
      body.append(h("pre", { tabindex: "0" }, JSON.stringify(payload, null, 2)));
    } catch (error) {
      if (!signal.aborted) body.append(problem(error, () => { body.lastChild.remove(); showPayload(body, one); }));
    }
  };
  let looksLeft = MAX_LOOKS;
  const lookAgain = async () => {
    looksLeft -= 1;
    if (signal.aborted || !row.isConnected) return;
    const fresh = await get(`${path}/deliveries/${delivery.id}`, signal).catch(() => null);
    const focused = row.contains(document.activeElement);
    draw(fresh ?? delivery);
    if (focused) row.querySelector("button")?.focus();
  };
  const redeliver = async (one) => {
    looksLeft = MAX_LOOKS;
    try {
      draw(await call("POST", `${path}/deliveries/${one.id}/redeliver`, { signal }));
      announce("It is sent again");
    } catch (error) {
      if (signal.aborted) return;
      draw(one);
      row.lastChild.append(problem(error, () => redeliver(one)));
    }
  };
  draw(delivery);
  return row;
}

function lastAnswer({ last_attempt: last, next_attempt_at: next }) {
  const then = next ? h("span", { class: "quiet" }, ", next try ", time(next)) : null;
  if (!last) return h("span", { class: "quiet" }, "none yet", then);
  return h("span", {}, last.status_code ? String(last.status_code) : last.error ?? "no answer",
    h("span", { class: "quiet" }, ` ${number(last.duration_ms)} ms`),
    last.answer ? h("code", { class: "answer" }, last.answer) : null, then);
}
