// Past looks as a wall of pictures, newest first, a page at a time.

import { Refused, get, pause, withQuery } from "./api.js";
import { announce, h, notAllowed, picture, problem, time } from "./dom.js";
import { sent } from "./garments.js";
import { ended, named, stateChip } from "./jobs.js";
import { may } from "./key.js";

const PAGE = 24;
const NOTE_AFTER_MS = 300;
const OPEN_MS = 4000;
const STILL_MS = 20_000;
const MAX_ASKED = 6;
const FILTERS = [["all", "All"], ["finished", "Finished"], ["running", "In progress"], ["failed", "Failed"]];
const STATUS = { finished: ["SUCCESS"], running: ["NOT_STARTED", "IN_PROGRESS"], failed: ["FAILURE"] };
const NOTHING = {
  all: "No looks yet.", finished: "No finished looks yet.", running: "Nothing is in progress right now.", failed: "No look has failed.",
};

/** The wall stands as it was left when the browser goes back to it: as many looks, scrolled as far, the same one in focus. */
export async function wallView({ view, query, signal }) {
  if (!may("jobs:read")) {
    view.append(h("h1", {}, "Looks"), notAllowed("see looks", "jobs:read"));
    return null;
  }
  const show = FILTERS.some(([name]) => name === query.get("show")) ? query.get("show") : "all";
  const wall = h("ul", { class: "wall", "aria-label": "Looks" });
  const foot = h("div", { class: "foot" });
  view.append(
    h("h1", {}, "Looks"),
    h("nav", { class: "filters", "aria-label": "Show" }, FILTERS.map(([name, label]) =>
      h("a", { href: name === "all" ? "#/looks" : `#/looks?show=${name}`, "aria-current": name === show ? "true" : null }, label))),
    wall, foot);
  const left = history.state?.wall;
  const cards = new Map();
  const next = jobPages(STATUS[show], show === "finished" || show === "all", signal);
  const page = async () => {
    foot.replaceChildren(h("p", { class: "quiet" }, "Loading…"));
    try {
      const { jobs, pictures, more: isMore } = await next();
      for (const job of jobs) put(wall, cards, job, pictures.get(job.request_id));
      foot.replaceChildren(isMore ? h("button", { type: "button", onclick: more }, "Show more") : "");
      if (!cards.size) foot.replaceChildren(empty(NOTHING[show]));
      return isMore;
    } catch (error) {
      if (!signal.aborted) foot.replaceChildren(problem(error, more));
      return false;
    }
  };
  const more = async () => {
    const before = cards.size;
    await page();
    if (cards.size === before) return;
    wall.children[before].querySelector("a").focus();
    announce(`${cards.size - before} more looks`);
  };
  while ((await page()) && cards.size < (left?.count ?? 0));
  remember(wall, cards, signal);
  keepFresh(wall, cards, STATUS[show], signal);
  return left && { top: left.top, focus: cards.get(left.at)?.element.querySelector("a") };
}

/** Note in the browser's history how the wall is left. */
function remember(wall, cards, signal) {
  let timer = null;
  const note = (at = null) => history.replaceState({ wall: { count: cards.size, top: scrollY, at } }, "");
  const later = () => {
    clearTimeout(timer);
    timer = setTimeout(() => { if (!signal.aborted) note(); }, NOTE_AFTER_MS);
  };
  addEventListener("scroll", later, { signal, passive: true });
  wall.addEventListener("click", (event) => {
    clearTimeout(timer);
    note(event.target.closest("a")?.hash.split("/")[2]);
  });
}

/** While the page is seen: new looks come on top, and those in progress become what they became. */
async function keepFresh(wall, cards, status, signal) {
  for (;;) {
    const open = [...cards.values()].filter(({ job }) => !ended(job));
    await pause(open.length ? OPEN_MS : STILL_MS, signal).catch(() => {});
    if (signal.aborted) return;
    if (document.hidden) continue;
    try {
      const { items } = await get(withQuery("/v1/jobs", { limit: PAGE }) + filter(status), signal);
      const gone = open.filter(({ job }) => !items.some((one) => one.request_id === job.request_id)).slice(0, MAX_ASKED);
      items.push(...(await Promise.all(gone.map(({ job }) => get(`/v1/jobs/${job.request_id}`, signal)))));
      for (const job of items) {
        if (cards.get(job.request_id)?.job.status === job.status) continue;
        put(wall, cards, job, job.status === "SUCCESS" ? await get(`/v1/renders/${job.request_id}`, signal) : null);
      }
    } catch (error) {
      if (!(error instanceof Refused) && !signal.aborted) throw error; // what was refused is asked for again
    }
  }
}

function empty(text) {
  return h("div", { class: "empty" }, h("p", {}, text), h("a", { class: "button primary", href: "#/new" }, "Make a look"));
}

const filter = (status) => (status ?? []).map((one) => `&status=${one}`).join("");

/** Gives a page of jobs at each call, with the pictures of those that have one: jobs and renders come in the same order. */
function jobPages(status, withPictures, signal) {
  const pictures = new Map();
  let [cursor, renderCursor, reached] = [null, null, null];
  return async () => {
    const page = await get(withQuery("/v1/jobs", { limit: PAGE, cursor }) + filter(status), signal);
    const last = page.items.at(-1)?.request_id;
    while (withPictures && last && (reached === null || (renderCursor && reached > last))) {
      const renders = await get(withQuery("/v1/renders", { limit: PAGE, cursor: renderCursor }), signal);
      for (const one of renders.items) pictures.set(one.request_id, one);
      reached = renders.items.at(-1)?.request_id ?? "";
      renderCursor = renders.next_cursor;
    }
    cursor = page.next_cursor;
    return { jobs: page.items, pictures, more: cursor !== null };
  };
}

/** Put a job's card on the wall, newest first, or draw it anew. */
function put(wall, cards, job, render) {
  let kept = cards.get(job.request_id);
  if (!kept) {
    kept = { element: h("li", {}, h("a", { href: `#/looks/${job.request_id}` })) };
    cards.set(job.request_id, kept);
    const older = [...wall.children].find((one) => one.firstChild.hash.split("/")[2] < job.request_id);
    wall.insertBefore(kept.element, older ?? null);
  }
  kept.job = job;
  kept.element.className = job.status.toLowerCase();
  kept.element.firstChild.replaceChildren(
    h("span", { class: "frame" }, render ? renderPicture(render) : blank(job)),
    h("span", { class: "row between caption" }, stateChip(job), h("span", { class: "quiet" }, time(job.created_at))));
}

function blank(job) {
  const garments = ended(job) ? [] : sent.get(job.request_id) ?? [];
  if (!garments.length) return h("span", { class: "blank" }, job.error ? job.error.message : "");
  return h("span", { class: "sent" }, garments.slice(0, 4).map((one) => h("img", { src: one.url, alt: one.name })));
}

function renderPicture(render) {
  const { width, height } = render.picture.meta;
  const worn = named(render.garments.map((one) => one.trial_item_category));
  const renew = async () => (await get(`/v1/renders/${render.request_id}`)).picture.image_url;
  return picture({ src: render.picture.image_url, alt: worn, width, height, loading: "lazy" }, renew);
}
