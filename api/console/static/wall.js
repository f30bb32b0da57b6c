// Past looks as a wall of pictures, newest first, a page at a time.

import { get, withQuery } from "./api.js";
import { announce, h, picture, problem, time } from "./dom.js";
import { named } from "./layers.js";
import { stateChip } from "./look.js";

const PAGE = 24;
const FILTERS = [["all", "All"], ["finished", "Finished"], ["running", "In work"], ["failed", "Failed"]];
const STATUS = { finished: ["SUCCESS"], running: ["NOT_STARTED", "IN_PROGRESS"], failed: ["FAILURE"] };
const NOTHING = {
  all: "No looks yet.", finished: "No finished looks yet.", running: "Nothing is in work right now.", failed: "No look has failed.",
};

export async function wallView({ view, query, signal }) {
  const show = FILTERS.some(([name]) => name === query.get("show")) ? query.get("show") : "all";
  const wall = h("ul", { class: "wall", "aria-label": "Looks" });
  const foot = h("div", { class: "foot" });
  view.append(
    h("h1", {}, "Looks"),
    h("nav", { class: "filters", "aria-label": "Show" }, FILTERS.map(([name, label]) =>
      h("a", { href: name === "all" ? "#/looks" : `#/looks?show=${name}`, "aria-current": name === show ? "true" : null }, label))),
    wall, foot);
  const pages = jobPages(STATUS[show], show === "finished" || show === "all", signal);
  const more = async () => {
    foot.replaceChildren(h("p", { class: "quiet" }, "Loading…"));
    try {
      const { value: page } = await pages.next();
      const cards = page.jobs.map((job) => card(job, page.pictures.get(job.request_id)));
      const before = wall.children.length;
      wall.append(...cards);
      foot.replaceChildren(page.more ? h("button", { type: "button", onclick: more }, "Show more") : "");
      if (before && cards.length) cards[0].querySelector("a").focus();
      if (before) announce(`${cards.length} more looks`);
      if (!wall.children.length) foot.replaceChildren(empty(NOTHING[show]));
    } catch (error) {
      if (!signal.aborted) foot.replaceChildren(problem(error, more));
    }
  };
  await more();
}

function empty(text) {
  return h("div", { class: "empty" }, h("p", {}, text), h("a", { class: "button primary", href: "#/new" }, "Make a look"));
}

/** Pages of jobs, each with the pictures of those that have one: jobs and renders come in the same order. */
async function* jobPages(status, withPictures, signal) {
  const pictures = new Map();
  let [cursor, renderCursor, reached] = [null, null, null];
  for (;;) {
    const states = (status ?? []).map((one) => `&status=${one}`).join("");
    const page = await get(withQuery("/v1/jobs", { limit: PAGE, cursor }) + states, signal);
    const last = page.items.at(-1)?.request_id;
    while (withPictures && last && (reached === null || (renderCursor && reached > last))) {
      const renders = await get(withQuery("/v1/renders", { limit: PAGE, cursor: renderCursor }), signal);
      for (const one of renders.items) pictures.set(one.request_id, one);
      reached = renders.items.at(-1)?.request_id ?? "";
      renderCursor = renders.next_cursor;
    }
    cursor = page.next_cursor;
    yield { jobs: page.items, pictures, more: cursor !== null };
  }
}

function card(job, render) {
  const shown = render ? renderPicture(render) : h("span", { class: "blank" }, job.error ? job.error.message : "");
  return h("li", { class: job.status.toLowerCase() },
    h("a", { href: `#/looks/${job.request_id}` },
      h("span", { class: "frame" }, shown),
      h("span", { class: "row between caption" }, stateChip(job), h("span", { class: "quiet" }, time(job.created_at)))));
}

function renderPicture(render) {
  const { width, height } = render.picture.meta;
  const worn = named(render.garments.map((one) => one.trial_item_category));
  const renew = async () => (await get(`/v1/renders/${render.request_id}`)).picture.image_url;
  return picture({ src: render.picture.image_url, alt: worn, width, height, loading: "lazy" }, renew);
}
