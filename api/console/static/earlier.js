// Photos that were uploaded before, newest first: choosing one adds it to the look without a new upload.

import { get, withQuery } from "./api.js";
import { announce, bytes, h, picture, problem, time } from "./dom.js";
import { small } from "./drafts.js";
import { draft } from "./garments.js";

const PAGE = 12;

/** The list, a page at a time. */
export async function earlierView(signal) {
  const list = h("ul", { class: "strip uploads", "aria-label": "Earlier uploads" });
  const foot = h("div", { class: "foot" });
  const refuse = (why) => foot.replaceChildren(h("p", { class: "problem", role: "alert" }, why));
  let cursor = null;
  const page = async () => {
    const found = await get(withQuery("/v1/uploads", { limit: PAGE, cursor }), signal);
    cursor = found.next_cursor;
    list.append(...found.items.map((one) => card(one, refuse)));
    foot.replaceChildren(cursor ? h("button", { type: "button", class: "small", onclick: more }, "Show more") : "");
  };
  const more = async () => {
    const before = list.children.length;
    try {
      await page();
      list.children[before]?.querySelector("button").focus();
    } catch (error) {
      if (!signal.aborted) foot.replaceChildren(problem(error, more));
    }
  };
  await page();
  if (!list.firstChild) return h("p", { class: "quiet" }, "None in the last 90 days.");
  return h("div", { class: "stack" }, list, foot);
}

function card(upload, refuse) {
  const name = `Upload …${upload.upload_id.slice(-6)}`;
  const add = () => {
    const why = draft.addKnown(upload.upload_key, { name, size: upload.bytes });
    if (why) refuse(why);
    else announce("1 added");
  };
  return h("li", {}, h("button", { type: "button", class: "sample", "aria-label": `Add the upload of ${new Date(upload.created_at).toLocaleString("en")}`, onclick: add },
    picture({ src: small(upload.upload_key), alt: "", loading: "lazy", width: 60, height: 80 }, async () => upload.image_url)), h("span", { class: "quiet" }, time(upload.created_at), h("br"), bytes(upload.bytes)));
}
