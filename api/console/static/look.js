// One look: what happens as it happens, then the picture with its layers and cut-outs, or the reason and the refund.

import { call, get, pause } from "./api.js";
import { announce, arrived, confirm, copyButton, credits, h, identifier, number, picture, problem, time } from "./dom.js";
import { draft, sent } from "./garments.js";
import { ended, kind as kindOf, stateChip } from "./jobs.js";
import { may } from "./key.js";
import { pictureView } from "./layers.js";
import { follow } from "./stream.js";

const STEPS = { queued: "Queued", composing: "Composing", retrying: "Trying again", succeeded: "Finished", failed: "Failed" };
const NAMES = { webp: "WebP", png: "PNG", jpeg: "JPEG" };
const SETTLE_S = 10; // waits for the refund of a look that failed as well
const AGAIN_MS = 2000;
const HELPS = {
  cannot_be_dressed: "Try another photo: the whole garment, laid out straight, on a plain background of another colour. Or choose another category.",
  category_unclear: "Choose the category yourself: press “Change and send again”.",
};

export async function lookView({ view, id, signal, refreshBalance }) {
  const parts = {
    title: h("h1", {}, "Look"),
    state: h("span", { class: "state" }), stage: h("div", { class: "stage-column" }), side: h("div", { class: "stack" }),
    notice: h("div", { class: "stack" }),
    steps: h("ol", { class: "steps" }), connection: h("div", { class: "quiet connection" }), actions: h("div", { class: "row actions" }),
    receipt: h("dl", { class: "receipt" }),
  };
  view.append(
    h("p", { class: "crumbs" }, h("a", { href: "#/looks" }, "Looks")),
    h("div", { class: "row between title" }, parts.title, parts.state),
    h("p", { class: "quiet row" }, identifier(id), copyButton(id, "the request id")),
    h("div", { class: "split look-split" }, parts.stage, h("div", { class: "stack" },
      parts.actions, parts.notice, parts.side,
      section("What happened", parts.connection, parts.steps),
      section("Receipt", parts.receipt), codeSection(() => job))));
  const path = `/v1/jobs/${encodeURIComponent(id)}`;
  const shown = { id, path, parts, signal, refreshBalance };
  let { job, render } = await outcome(shown);
  const update = (fresh) => {
    ({ job, render } = { render, ...fresh });
    parts.state.replaceChildren(stateChip(job));
    parts.receipt.replaceChildren(...receipt(job));
    if (ended(job) || !parts.actions.children.length) parts.actions.replaceChildren(...actions(shown, job, render, update));
    drawStage(shown, job, render);
  };
  update({ job });
  const watching = () => watch(shown, () => job, update).catch((error) => {
    if (!signal.aborted) parts.connection.replaceChildren(problem(error, () => { parts.steps.replaceChildren(); watching(); }));
  });
  watching();
}

/** The job, and once it has succeeded its picture with its parts. */
async function outcome({ id, path, signal }, waitS = 0) {
  const job = await get(waitS ? `${path}?wait=${waitS}` : path, signal);
  return { job, render: job.status === "SUCCESS" ? await get(`/v1/renders/${encodeURIComponent(id)}`, signal) : null };
}

/** The request as code, made when it is first opened. */
function codeSection(job) {
  const shown = h("div", {});
  const fill = async () => {
    if (!details.open || shown.firstChild) return;
    try {
      shown.replaceChildren((await arrived(import("./code.js"))).codeView(job()));
    } catch (error) {
      shown.replaceChildren(problem(error, () => { shown.replaceChildren(); fill(); }));
    }
  };
  const details = h("details", { ontoggle: fill }, h("summary", {}, h("h2", {}, "Code of this request")), shown);
  return details;
}

function section(title, ...children) {
  return h("section", {}, h("h2", {}, title), ...children);
}

async function watch(shown, current, update) {
  const { id, parts, signal, refreshBalance } = shown;
  let first = null;
  const onReset = () => { first = null; parts.steps.replaceChildren(); };
  const wasOver = ended(current());
  const onEvent = (event) => {
    first ??= event.created_at;
    parts.steps.append(step(event, first));
    if (wasOver) return;
    announce(`${stepName(event)}. ${event.message}`);
    if (event.event_type === "stage" && !ended(current())) update({ job: { ...current(), status: "IN_PROGRESS" } });
  };
  const onState = (state, seconds) => {
    const words = {
      live: ended(current()) ? "" : "Live: events arrive as they happen.",
      polling: "A proxy is buffering the live stream: using long polling instead.",
      reconnecting: `Connection lost. Reconnecting in ${seconds} s…`,
    };
    parts.connection.textContent = words[state];
    parts.connection.className = `quiet connection ${state}`;
  };
  const settled = (one) => ended(one) && (one.status === "SUCCESS" || one.refunded);
  const settle = async () => {
    while (!settled(current())) {
      update(await outcome(shown, SETTLE_S));
      refreshBalance();
      if (!settled(current())) await pause(AGAIN_MS, signal);
    }
  };
  await follow(id, { onEvent, onReset, onState, settle, signal });
  if (signal.aborted) return;
  parts.connection.textContent = "";
  parts.connection.className = "quiet connection";
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
    ...line("Requested", time(job.created_at)),
    ...line("Charged", credits(billing.charged || job.credits_cost)),
    ...line("Refunded", ...refund),
    ...(billing.goodwill ? line("Goodwill", `${credits(billing.goodwill)} returned`) : []),
    ...(job.reference ? line("Your reference", job.reference) : []),
    ...(ended(job) ? [] : line("Deadline", time(job.deadline_at))),
  ];
}

/** Begin a new look with what this one was asked for. */
function takeBack(job, render) {
  const pictures = new Map((render?.cutouts ?? []).map((one) => [one.item_index, one.image_url]));
  draft.takeBack(job, sent.get(job.request_id), pictures);
}

/** What can be done with a look that has ended. */
function afterwards(shown, job, render, update) {
  const isGood = job.status === "SUCCESS";
  const again = may("jobs:create") && job.items.length > 0
    ? h("a", { class: isGood ? "button" : "button primary", href: "#/new", onclick: () => takeBack(job, render) }, isGood ? "Change and run again" : "Change and send again")
    : null;
  if (!isGood) return [again ?? h("a", { class: "button", href: "#/new" }, "Make another")];
  const kind = render?.picture.meta.content_type.split("/")[1] ?? "file";
  const other = kind === "png" ? "webp" : "png";
  const saving = h("button", { type: "button", onclick: async () => {
    saving.disabled = true;
    try {
      await (await arrived(import("./files.js"))).saveAs(shown.id, other);
    } catch (error) {
      if (!shown.signal.aborted) shown.parts.notice.replaceChildren(problem(error, () => { shown.parts.notice.replaceChildren(); saving.click(); }));
    }
    saving.disabled = false;
  } }, NAMES[other]);
  const report = h("button", { type: "button", class: "plain", onclick: async () => {
    try {
      const { reportDialog, outcomeOf } = await arrived(import("./files.js"));
      reportDialog(shown.id, (told) => {
        shown.parts.notice.replaceChildren(h("p", { class: "said" }, outcomeOf(told)));
        update({ job: { ...job, billing: { ...job.billing, goodwill: told.credited } }, render });
        shown.refreshBalance();
      });
    } catch (error) {
      shown.parts.notice.replaceChildren(problem(error, () => report.click()));
    }
  } }, "Report this picture");
  return [
    h("a", { class: "button primary", href: `/v1/renders/${shown.id}/picture`, download: "" }, `Download ${NAMES[kind] ?? kind}`),
    saving, again,
    may("jobs:create") && !job.billing.goodwill ? report : null,
  ].filter(Boolean);
}

function actions(shown, job, render, update) {
  const { path, parts, refreshBalance, signal } = shown;
  if (ended(job)) return afterwards(shown, job, render, update);
  if (!may("jobs:create")) return [];
  const cancel = async () => {
    button.disabled = true;
    button.textContent = "Cancelling…";
    parts.side.replaceChildren();
    try {
      const decided = await call("POST", `${path}/cancel`, { signal });
      if (ended(decided)) update({ job: decided });
      else button.textContent = "Cancel requested";
      refreshBalance();
    } catch (error) {
      if (signal.aborted) return;
      parts.side.replaceChildren(problem(error, cancel));
      button.disabled = false;
      button.textContent = "Cancel";
    }
  };
  const button = h("button", { type: "button", class: "danger", onclick: async () => {
    if (await confirm("Cancel this look?", "It stops and its credits are refunded, unless it finishes first.", "Cancel the look")) await cancel();
  } }, "Cancel");
  return [button];
}

function drawStage({ id, parts }, job, render) {
  if (render) {
    if (parts.stage.querySelector(".final")) return; // it is looked at: a fresh receipt changes no picture
    const { worn, stage, side } = pictureView(render,
      () => get(`/v1/renders/${encodeURIComponent(id)}`),
      async (index) => (await get(`/v1/jobs/${encodeURIComponent(id)}/photos/${index}`)).image_url,
      may("jobs:create") ? (index) => { takeBack(job, render); draft.correct(index, kindOf(render.garments[index])); location.hash = "#/new"; } : null);
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
    HELPS[code] ? h("p", {}, HELPS[code]) : null,
    h("dl", { class: "receipt" },
      h("dt", {}, "Reason"), h("dd", {}, h("code", {}, code)),
      ...(index === null ? [] : [h("dt", {}, "Garment"), h("dd", {}, `${number(index + 1)}${blamed ? `: ${blamed.name}` : ""}`)]),
      h("dt", {}, "Credits"), h("dd", {}, job.refunded ? `${credits(job.billing.refunded || job.credits_cost)} refunded` : "Refund on its way")));
}

