// Elements from values. Text becomes text nodes and never markup: what the API or a file name says is only ever shown.

import { NO_ANSWER, Refused } from "./api.js";

const SVG = "http://www.w3.org/2000/svg";
const RENEWED_MS = 15_000;
const PICTURE_TRIES = 4;
const PICTURE_AGAIN_MS = 3000;

/** An element. `on…` properties are listeners, false and null ones are left out; children are nodes or text. */
export function h(tag, properties = {}, ...children) {
  return fill(document.createElement(tag), properties, children);
}

/** An SVG element. */
export function s(tag, properties = {}, ...children) {
  return fill(document.createElementNS(SVG, tag), properties, children);
}

function fill(element, properties, children) {
  for (const [name, value] of Object.entries(properties)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** A script that is loaded when it is first needed. */
export const arrived = (script) => script.catch(() => { throw new Refused(0, NO_ANSWER); });

/** Say something to screen readers. The same words again are said again. */
export function announce(text) {
  const live = document.getElementById("live");
  live.textContent = live.textContent === text ? `${text}\u00a0` : text;
}

const WORDS = {
  NO_ANSWER: "No answer",
  UNAUTHENTICATED: "This key does not work, or you were signed out",
  ORIGIN_REFUSED: "This page is not the service's own",
  CAPABILITY_MISSING: "This key may not do that",
  INSUFFICIENT_BALANCE: "Not enough credits",
  RATE_LIMITED: "Too many requests",
  UNAVAILABLE: "The service is busy",
  VALIDATION_ERROR: "Please check what you entered",
  UNSUPPORTED_MEDIA_TYPE: "This photo can't be used",
  PAYLOAD_TOO_LARGE: "Larger than 25 MiB",
  JOB_NOT_FOUND: "There is no such look",
  OUTCOME_CAME_FIRST: "Too late to cancel",
  WEBHOOK_DISABLED: "This endpoint is disabled",
  INTERNAL: "An error on the service's side",
};

/** A refusal in words, with what to quote when asking for help, and with a button where trying again can help. */
export function problem(error, again) {
  if (!(error instanceof Refused)) {
    reportError(error); // a fault of the console itself
    error = new Refused(0, { code: "FAULT", message: "The console has a fault. Reload the page; the browser's console has the details." });
  }
  return h(
    "div",
    { class: "problem", role: "alert" },
    h("strong", {}, WORDS[error.code] ?? "That did not work"),
    h("p", {}, readable(error)),
    error.requestId && !error.isCallers ? h("p", { class: "quiet" }, "Quote this when you ask for help: ", [0, 401].includes(error.status) || !document.querySelector('#nav a[href="#/access"]') ? identifier(error.requestId) : h("a", { href: `#/access?request=${error.requestId}` }, identifier(error.requestId))) : null,
    error.canHeal ? h("button", { type: "button", class: "small", onclick: again }, "Try again") : null,
  );
}

/** A refusal's words without the place in the request that they are about: that is for programs. Garments are counted as the page does. */
function readable({ code, message }) {
  if (code === "UNAUTHENTICATED") return "Check that you copied the whole key. It may also be revoked or expired.";
  const [, place, rest] = (code === "VALIDATION_ERROR" && /^((?:body|path|query|header)(?:\.[\w-]+)*): (.+)$/s.exec(message)) || [null, "", message];
  const index = /^body\.items\.(\d+)/.exec(place)?.[1];
  if (index) return `Garment ${Number(index) + 1}: ${rest}`;
  return place ? rest.charAt(0).toUpperCase() + rest.slice(1) : rest;
}

/** What came of an action, for everybody to read. */
export function said(text) {
  announce(text);
  return h("p", { class: "said" }, text);
}

/** Said in place of what a key may not do. */
export function notAllowed(what, capability) {
  return h("div", { class: "empty" }, h("p", {}, `This key may not ${what}. Ask for one with the capability `, h("code", {}, capability), "."));
}

/** A long id, whole for machines and readers alike; it may break anywhere. */
export function identifier(text) {
  return h("code", { class: "id", translate: "no" }, text);
}

/** A button that copies a text and says so. */
export function copyButton(text, what) {
  const button = h("button", { type: "button", class: "small plain", "aria-label": `Copy ${what}` }, "Copy");
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(text);
      button.textContent = "Copied";
      announce(`Copied ${what}`);
    } catch {
      button.textContent = "Select it";
    }
  });
  return button;
}

const RELATIVE = new Intl.RelativeTimeFormat("en", { numeric: "auto", style: "short" });
const EXACT = new Intl.DateTimeFormat("en", { dateStyle: "medium", timeStyle: "medium" });
const STEPS = [["second", 60], ["minute", 60], ["hour", 24], ["day", 14]];

/** A time: how long ago, the exact one on hover and for machines. */
export function time(text) {
  const at = new Date(text);
  return h("time", { datetime: text, title: EXACT.format(at), class: "ago" }, ago(at));
}

setInterval(() => {
  for (const one of document.querySelectorAll("time.ago")) one.textContent = ago(new Date(one.dateTime));
}, RENEWED_MS);

function ago(at) {
  let left = (at - Date.now()) / 1000;
  if (Math.abs(left) < 5) return "just now";
  for (const [unit, size] of STEPS) {
    if (Math.abs(left) < size) return RELATIVE.format(Math.round(left), unit);
    left /= size;
  }
  return EXACT.format(at);
}

export const number = (value) => new Intl.NumberFormat("en").format(value);

export const credits = (value) => `${number(value)} ${Math.abs(value) === 1 ? "credit" : "credits"}`;

export const bytes = (size) => (size < 1024 * 1024 ? `${Math.ceil(size / 1024)} KiB` : `${(size / 1024 / 1024).toFixed(1)} MiB`);

/**
 * A picture by a link that dies. When it can't be loaded it is tried again in a while, by a fresh link where `renew`
 * gives one; after the last try when the browser is on a network again.
 */
export function picture(properties, renew = async () => properties.src) {
  const image = h("img", { decoding: "async", ...properties });
  const gone = h("span", { class: "gone", role: "img", "aria-label": properties.alt }, "The picture can't be loaded");
  let tries = 0;
  const again = async () => {
    const fresh = await renew().catch(() => null);
    gone.replaceWith(image);
    image.src = fresh ?? properties.src;
  };
  image.addEventListener("error", () => {
    image.replaceWith(gone);
    tries += 1;
    if (tries < PICTURE_TRIES) setTimeout(again, PICTURE_AGAIN_MS * (tries - 1));
    else addEventListener("online", again, { once: true });
  });
  return image;
}

/** A chip that says where a job or a delivery stands. */
export function chip(text, kind) {
  return h("span", { class: `chip ${kind}` }, text);
}

/** A modal question. Resolves to whether it was confirmed; focus returns to where it was. */
export function confirm(title, text, yes) {
  return new Promise((resolve) => {
    const dialog = h(
      "dialog",
      { "aria-labelledby": "question" },
      h("h2", { id: "question" }, title),
      h("p", {}, text),
      h("div", { class: "row end" },
        h("button", { type: "button", class: "plain", onclick: () => dialog.close("no") }, "Go back"),
        h("button", { type: "button", class: "danger", onclick: () => dialog.close("yes") }, yes)),
    );
    present(dialog, () => resolve(dialog.returnValue === "yes"));
  });
}

/** Show a dialog; removes it when it closes and gives focus back. */
export function present(dialog, closed = () => {}) {
  const before = document.activeElement;
  dialog.addEventListener("close", () => {
    dialog.remove();
    if (before?.isConnected) before.focus();
    closed();
  });
  document.body.append(dialog);
  dialog.showModal();
}
