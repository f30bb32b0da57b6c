// Past looks as a wall of pictures, newest first, a page at a time.

import { Refused, get, pause, withQuery } from "./api.js";
import { announce, h, notAllowed, picture, problem, time } from "./dom.js";
import { Selection, filters, jobsQuery, wanted } from "./finding.js";
import { sent } from "./garments.js";
import { ended, kind, named, stateChip } from "./jobs.js";
import { may } from "./key.js";

const PAGE = 24;
const NOTE_AFTER_MS = 300;
const OPEN_MS = 4000;
const STILL_MS = 20_000;
const MAX_ASKED = 6;
const NOTHING = {
  all: "No looks yet.", finished: "No finished looks yet.", running: "Nothing is in progress right now.", failed: "No look has failed.",
};

/** The wall stands as it was left when the browser goes back to it: as many looks, scrolled as far, the same one in focus. */
export async function looksView({ view, query, signal }) {
  if (!may("jobs:read")) {
    view.append(h("h1", {}, "Looks"), notAllowed("see looks", "jobs:read"));
    return null;
  }
  const asked = wanted(query);
  const { items: categories } = await get("/v1/garment-categories", signal);
  const wall = h("ul", { class: "wall", "aria-label": "Looks" });
  const foot = h("div", { class: "foot" });
  const cards = new Map();
  const shown = { wall, cards, asked, selection: new Selection() };
  view.append(
    h("h1", {}, "Looks"),
    filters(asked, categories),
    h("div", { class: "row end" }, shown.selection.start),
    wall, foot, shown.selection.bar);
  const left = history.state?.wall;
  const next = jobPages(asked, signal);
  const page = async () => {
    foot.replaceChildren(h("p", { class: "quiet" }, "Loading…"));
    try {
      const { jobs, pictures, more: isMore } = await next();
      for (const job of jobs) put(shown, job, pictures.get(job.request_id));
      foot.replaceChildren(isMore ? h("button", { type: "button", onclick: more }, "Show more") : "");
      if (!cards.size) foot.replaceChildren(empty(asked.isSearch ? "No looks match." : NOTHING[asked.show]));
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
  while ((await page()) && cards.size < Math.max(left?.count ?? 0, asked.category ? 1 : 0));
  remember(wall, cards, signal);
  keepFresh(shown, signal);
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
async function keepFresh(shown, signal) {
  const { cards, asked } = shown;
  for (;;) {
    const open = [...cards.values()].filter(({ job }) => !ended(job));
    await pause(open.length ? OPEN_MS : STILL_MS, signal).catch(() => {});
    if (signal.aborted) return;
    if (document.hidden) continue;
    try {
      const { items } = await get(jobsQuery(asked, { limit: PAGE }), signal);
      const gone = open.filter(({ job }) => !items.some((one) => one.request_id === job.request_id)).slice(0, MAX_ASKED);
      items.push(...(await Promise.all(gone.map(({ job }) => get(`/v1/jobs/${job.request_id}`, signal)))));
      for (const job of items) {
        if (cards.get(job.request_id)?.job.status === job.status) continue;
        put(shown, job, job.status === "SUCCESS" ? await get(`/v1/renders/${job.request_id}`, signal) : null);
      }
    } catch (error) {
      if (!(error instanceof Refused) && !signal.aborted) throw error; // what was refused is asked for again
    }
  }
}

function empty(text) {
  return h("div", { class: "empty" }, h("p", {}, text), h("a", { class: "button primary", href: "#/new" }, "Make a look"));
}

/** Gives a page of jobs at each call, with the pictures of those that have one: jobs and renders come in the same order. */
function jobPages(asked, signal) {
  const withPictures = asked.show === "finished" || asked.show === "all";
  const pictures = new Map();
  let [cursor, renderCursor, reached] = [null, null, null];
  return async () => {
    const page = await get(jobsQuery(asked, { limit: PAGE, cursor }), signal);
    const last = page.items.at(-1)?.request_id;
    if (asked.isSearch) { // they may lie far apart among all pictures: each is asked for by itself
      const good = page.items.filter((one) => one.status === "SUCCESS");
      for (const one of await Promise.all(good.map((job) => get(`/v1/renders/${job.request_id}`, signal)))) pictures.set(one.request_id, one);
    } else while (withPictures && last && (reached === null || (renderCursor && reached > last))) {
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
function put({ wall, cards, selection }, job, render) {
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
    h("span", { class: "row between caption" }, stateChip(job), h("span", { class: "quiet" }, time(job.created_at))),
    job.reference ? h("span", { class: "quiet reference" }, job.reference) : "");
  kept.element.querySelector(".choose")?.remove();
  if (render) kept.element.append(selection.box(job.request_id, [named(render.garments.map(kind)), job.reference].filter(Boolean).join(", ")));
}

function blank(job) {
  const garments = ended(job) ? [] : sent.get(job.request_id) ?? [];
  if (!garments.length) return h("span", { class: "blank" }, job.error ? job.error.message : "");
  return h("span", { class: "sent" }, garments.slice(0, 4).map((one) => h("img", { src: one.url, alt: one.name })));
}

function renderPicture(render) {
  const { width, height } = render.picture.meta;
  const worn = named(render.garments.map(kind));
  const renew = async () => (await get(`/v1/renders/${render.request_id}`)).picture.image_url;
  return picture({ src: render.picture.image_url, alt: worn, width, height, loading: "lazy" }, renew);
}
