// One look: what happens as it happens, then the picture with its layers and cut-outs, or the reason and the refund.

import { call, get } from "./api.js";
import { announce, chip, confirm, copyButton, credits, h, identifier, number, picture, problem, time } from "./dom.js";
import { sent } from "./garments.js";
import { pictureView } from "./layers.js";
import { follow } from "./stream.js";

const STATES = { NOT_STARTED: "Queued", IN_PROGRESS: "Composing", SUCCESS: "Finished", FAILURE: "Failed" };
const STEPS = { queued: "Queued", composing: "Composing", retrying: "Trying again", succeeded: "Finished", failed: "Failed" };
const SETTLE_S = 10;

/** How a job's state is shown. */
export function stateChip(job) {
  const cancelled = job.error?.code === "cancelled";
  return chip(cancelled ? "Cancelled" : STATES[job.status], cancelled ? "cancelled" : job.status.toLowerCase());
}

const ended = (job) => job.status === "SUCCESS" || job.status === "FAILURE";

export async function lookView({ view, id, signal, refreshBalance }) {
  const parts = {
    title: h("h1", {}, "Look"),
    state: h("span", { class: "state" }), stage: h("div", { class: "stage-column" }), side: h("div", { class: "stack" }),
    steps: h("ol", { class: "steps" }), connection: h("p", { class: "quiet connection" }), actions: h("div", { class: "row" }),
    receipt: h("dl", { class: "receipt" }),
  };
  view.append(
    h("p", { class: "crumbs" }, h("a", { href: "#/looks" }, "Looks")),
    h("div", { class: "row between title" }, parts.title, parts.state),
    h("p", { class: "quiet row" }, identifier(id), copyButton(id, "the request id")),
    h("div", { class: "split look-split" }, parts.stage, h("div", { class: "stack" },
      parts.actions, parts.side,
      section("What happened", parts.connection, parts.steps),
      section("Receipt", parts.receipt))));
  const path = `/v1/jobs/${encodeURIComponent(id)}`;
  let job = await get(path, signal);
  const shown = { id, path, parts, signal, refreshBalance };
  const update = (fresh) => {
    job = fresh;
    parts.state.replaceChildren(stateChip(job));
    parts.receipt.replaceChildren(...receipt(job));
    parts.actions.replaceChildren(...actions(shown, job, update));
    return drawStage(shown, job);
  };
  await update(job);
  watch(shown, () => job, update).catch((error) => { if (!signal.aborted) parts.connection.replaceChildren(problem(error)); });
}

function section(title, ...children) {
  return h("section", {}, h("h2", {}, title), ...children);
}

async function watch(shown, current, update) {
  const { id, parts, signal, path, refreshBalance } = shown;
  let first = null;
  const onReset = () => { first = null; parts.steps.replaceChildren(); };
  const wasOver = ended(current());
  const onEvent = (event) => {
    first ??= event.created_at;
    parts.steps.append(step(event, first));
    if (wasOver) return;
    announce(`${stepName(event)}. ${event.message}`);
    if (event.event_type === "stage" && !ended(current())) update({ ...current(), status: "IN_PROGRESS" });
  };
  const onState = (state, seconds) => {
    const words = {
      live: ended(current()) ? "" : "Live: events arrive as they happen.",
      polling: "Something on the way holds the live stream back: asking again and again instead.",
      reconnecting: `Connection lost. Reconnecting in ${seconds} s…`,
    };
    parts.connection.textContent = words[state];
    parts.connection.className = `quiet connection ${state}`;
  };
  await follow(id, { onEvent, onReset, onState, signal });
  parts.connection.textContent = "";
  parts.connection.className = "quiet connection";
  if (wasOver || signal.aborted) return;
  await update(await get(`${path}?wait=${SETTLE_S}`, signal)); // also waits for the refund of one that failed
  refreshBalance();
}

const stepName = (event) => STEPS[event.stage ?? event.event_type] ?? event.event_type;

function step(event, first) {
  const after = (new Date(event.created_at) - new Date(first)) / 1000;
  return h("li", { class: `step ${event.event_type}` },
    h("span", { class: "what" }, stepName(event)),
    h("time", { datetime: event.created_at, title: event.created_at }, `+${after.toFixed(2)} s`),
    event.message ? h("span", { class: "quiet said" }, event.message) : null);
}

function receipt(job) {
  const line = (name, ...value) => [h("dt", {}, name), h("dd", {}, ...value)];
  const { billing } = job;
  const refund = billing.refunded_at
    ? [credits(billing.refunded), " ", h("span", { class: "quiet" }, time(billing.refunded_at))]
    : [job.status === "FAILURE" ? "On its way" : "None"];
  return [
    ...line("Asked", time(job.created_at)),
    ...line("Charged", credits(billing.charged || job.credits_cost)),
    ...line("Refunded", ...refund),
    ...(ended(job) ? [] : line("Deadline", time(job.deadline_at))),
  ];
}

function actions({ path, parts, refreshBalance, signal }, job, update) {
  const again = h("a", { class: "button", href: "#/new" }, "Make another");
  if (ended(job)) return job.status === "SUCCESS" ? [saveLink(job), again] : [again];
  const button = h("button", { type: "button", class: "danger", onclick: async () => {
    if (!(await confirm("Cancel this look?", "It stops, and its credits come back, unless it is finished first.", "Cancel the look"))) return;
    button.disabled = true;
    button.textContent = "Cancelling…";
    try {
      const decided = await call("POST", `${path}/cancel`, { signal });
      if (ended(decided)) await update(decided);
      else button.textContent = "Asked to cancel";
      refreshBalance();
    } catch (error) {
      if (!signal.aborted) parts.side.prepend(problem(error));
    }
  } }, "Cancel");
  return [button];
}

function saveLink(job) {
  const final = job.artifacts.find((one) => one.role === "final");
  return final ? h("a", { class: "button primary", href: final.image_url, target: "_blank", rel: "noopener noreferrer" }, "Open the picture") : "";
}

async function drawStage({ id, parts, signal }, job) {
  if (job.status === "SUCCESS") {
    const path = `/v1/renders/${encodeURIComponent(id)}`;
    const render = await get(path, signal);
    const { worn, stage, side } = pictureView(render, async () => (await get(path)).picture.image_url);
    parts.title.textContent = worn;
    parts.stage.replaceChildren(stage);
    parts.side.replaceChildren(side);
  } else if (job.status === "FAILURE") {
    parts.title.textContent = job.error.code === "cancelled" ? "Cancelled look" : "Failed look";
    parts.stage.replaceChildren(reason(job, sent.get(id)));
    parts.side.replaceChildren();
  } else if (!parts.stage.querySelector(".waiting")) {
    parts.stage.replaceChildren(waiting(sent.get(id)));
  }
}

function waiting(garments = []) {
  return h("div", { class: "waiting", role: "img", "aria-label": "The look is being made" },
    h("div", { class: "shimmer" }),
    h("div", { class: "sent" }, garments.map((one) => h("img", { src: one.url, alt: "" }))));
}

function reason(job, garments = []) {
  const { code, message, item_index: index } = job.error;
  const blamed = index === null ? null : garments[index];
  return h("div", { class: "reason" },
    h("h2", {}, code === "cancelled" ? "It was cancelled" : "There is no picture"),
    blamed ? picture({ src: blamed.url, alt: `The photo of garment ${index + 1}` }) : null,
    h("p", { class: "lead" }, message || code),
    h("dl", { class: "receipt" },
      h("dt", {}, "Reason"), h("dd", {}, h("code", {}, code)),
      ...(index === null ? [] : [h("dt", {}, "Garment"), h("dd", {}, `${number(index + 1)}${blamed ? `: ${blamed.name}` : ""}`)]),
      h("dt", {}, "Credits"), h("dd", {}, job.refunded ? `${credits(job.billing.refunded || job.credits_cost)} given back` : "On their way back")));
}

