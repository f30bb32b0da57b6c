// What of a draft outlasts a reload: in this tab's session storage, gone with the tab or when the key is forgotten. And what
// outlasts the browser: the service keeps one draft for each key.

import { Refused, call, get } from "./api.js";

const NAME = "looks.draft";
const THUMB_PX = 160;
const PATH = "/v1/draft";
const AFTER_MS = 1500;
const MAX_THUMB_CHARS = 24_000;

let timer = null;
let last = "null"; // what the service has, as far as this page knows
let sending = Promise.resolve(); // one after the other: the last change is the one that stays

/** Keep this with the service, a moment after the last change; null: there is none any more. */
export function saved(draft) {
  clearTimeout(timer);
  const text = JSON.stringify(draft, (name, value) => (name === "thumb" && value?.length > MAX_THUMB_CHARS ? null : value));
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

/** A photo, small, as text in base64; null where the browser can't read it. */
export async function thumb(file) {
  try {
    const bitmap = await createImageBitmap(file, { resizeWidth: THUMB_PX, resizeQuality: "medium" });
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [bitmap.width, bitmap.height];
    canvas.getContext("2d").drawImage(bitmap, 0, 0);
    bitmap.close();
    return canvas.toDataURL("image/jpeg", 0.8).split(",")[1];
  } catch {
    return null;
  }
}

/** Where the page can show such a text. */
export function shown(text) {
  if (!text) return "/console/icon.svg";
  return URL.createObjectURL(new Blob([Uint8Array.from(atob(text), (one) => one.charCodeAt(0))], { type: "image/jpeg" }));
}
