// What of a draft outlasts a reload: in this tab's session storage, gone with the tab or when the key is forgotten. And what
// outlasts the browser: the service keeps one draft for each key.

import { Refused, call, get, withQuery } from "./api.js";

const NAME = "looks.draft";
const PATH = "/v1/draft";
const AFTER_MS = 1500;

let timer = null;
let last = "null"; // what the service has, as far as this page knows
let sending = Promise.resolve(); // one after the other: the last change is the one that stays

/** Keep this with the service, a moment after the last change; null: there is none any more. */
export function saved(draft) {
  clearTimeout(timer);
  const text = JSON.stringify(draft);
  if (text === last) return;
  timer = setTimeout(() => {
    last = text;
    const send = () => (draft ? call("PUT", PATH, { body: JSON.parse(text) }) : call("DELETE", PATH));
    sending = sending.then(send).catch((error) => { // it is in this tab all the same, and the next change tries again
      if (!(error instanceof Refused)) throw error;
      last = null;
    });
  }, draft ? AFTER_MS : 0);
}

/** Somebody signed out: what the service keeps stays there. */
export function forgotten() {
  clearTimeout(timer);
  last = "null";
}

/** What was begun in another browser, and when; null: nothing. */
export async function begunElsewhere(signal) {
  const { draft, updated_at: at } = await get(PATH, signal);
  return draft && { draft, at };
}

/** It is not wanted any more. */
export async function forgetElsewhere() {
  await call("DELETE", PATH);
  last = "null";
}

/** Keep a draft: plain values. Nothing is said when there is no room; the draft then lives as long as the page. */
export function save(values) {
  try {
    if (values) sessionStorage.setItem(NAME, JSON.stringify(values));
    else sessionStorage.removeItem(NAME);
  } catch {
    sessionStorage.removeItem(NAME);
  }
}

/** The draft that was kept, or null. */
export function load() {
  try {
    return JSON.parse(sessionStorage.getItem(NAME));
  } catch {
    return null;
  }
}

/** Where the small picture of an uploaded photo is; null: it did not come through us. */
export function small(uploadKey) {
  return /(^|\/)uploads\/[0-9A-Z]{26}\.\w+$/.test(uploadKey) ? withQuery("/v1/uploads/thumbnail", { upload_key: uploadKey }) : null;
}
