// The garments of the look that is being put together: files, where they are in the store, and what they are.

import { Refused, idempotencyKey, insist, withQuery } from "./api.js";
import { forgotten, load, save, saved, small } from "./drafts.js";
import { AUTO, canonical, guess } from "./naming.js";
import { configOf, optionsOf } from "./options.js";

export const MAX_ITEMS = 50;
export const MAX_BYTES = 25 * 1024 * 1024;
export const TYPES = ["image/jpeg", "image/png", "image/webp", "image/avif", "image/heic", "image/heif"];
export const SAMPLES = [
  ["tee", "t-shirt"], ["shirt", "shirt"], ["sweater", "sweater"], ["jacket", "jacket"],
  ["jeans", "jeans"], ["skirt", "skirt"], ["dress", "dress"], ["shoes", "shoes"],
];
const AT_ONCE = 3;
const MAX_URL = 1024;
export const ICON = "/console/icon.svg";
/** What few browsers can show: the service makes a small picture of it. */
const UNSHOWN = /hei[cf]$/i;
/**
 * One garment. `state`: waiting, uploading, ready or failed. `guess`: what the service took it for by its shape, with the
 * confidence; without a category where the shape is not clear; "asked" while it is looked at; null where nobody asked.
 */
class Garment {
  constructor(file, name, category, sample) {
    Object.assign(this, { file, name, category, sample, state: "waiting", error: null, uploadKey: null, guess: null });
    this.onceKey = idempotencyKey();
    this.url = file instanceof Blob && !UNSHOWN.test(file.type || name) ? URL.createObjectURL(file) : ICON;
  }

  get kept() {
    const { name, category, sample, uploadKey, guess, file: { size } } = this;
    return { name, category, sample, uploadKey, size, guess: guess === "asked" ? null : guess };
  }

  /** One whose photo is in the store already, or at an address of the web: the service fetches it when the look is made. */
  static there(uploadKey, { name, size = null }) {
    return Object.assign(new Garment({ size }, name, guess(name), false), { uploadKey, state: "ready", url: small(uploadKey) ?? ICON });
  }

  /** One of a look that was made: what is known of it is its photo's key and its category. */
  static worn({ trial_image: uploadKey, trial_item_category: category }, index, url) {
    const made = new Garment({ size: null }, `Garment ${index + 1}`, canonical(category), false);
    return Object.assign(made, { uploadKey, state: "ready", url: small(uploadKey) ?? url ?? ICON });
  }

  /** One that was uploaded before the page was loaded anew. */
  static again({ name, category, sample, uploadKey, size, guess = null }) {
    const made = new Garment({ size }, name, category, sample);
    return Object.assign(made, { uploadKey, guess, state: "ready", url: small(uploadKey) ?? ICON });
  }
}

/** The draft of this tab. It outlasts a change of view, a reload and a key that ended; not the tab. */
class Draft extends EventTarget {
  garments = [];
  mannequin = "FEMALE";
  reference = "";
  options = optionsOf(null);
  #uploading = 0;
  #guessing = Promise.resolve();
  #once = null;
  #whose = null;

  get isUploading() {
    return this.#uploading > 0;
  }

  /** Whose key is used: another tenant's draft is dropped. */
  belongsTo({ tenant_id: tenant, environment }) {
    const whose = `${tenant}/${environment}`;
    if (this.#whose === whose) return;
    if (this.#whose) this.leave();
    this.#whose = whose;
    const kept = load();
    if (kept?.whose !== whose || this.garments.length) return;
    this.#goOn(kept);
  }

  #goOn({ garments, mannequin, reference, options, once }) {
    this.garments = garments.map(Garment.again);
    this.mannequin = mannequin;
    this.reference = reference ?? "";
    this.options = options ?? optionsOf(null);
    this.#once = once;
  }

  /** Go on with what was begun in another browser. `kept`: as the service has it. */
  goOn(kept) {
    this.#goOn({
      garments: kept.items.map((one) => ({
        name: one.name, category: one.trial_item_category, sample: false, uploadKey: one.trial_image, size: one.bytes,
      })),
      mannequin: kept.user_category ?? "FEMALE", reference: kept.reference, options: optionsOf(kept.runtime_config), once: null,
    });
    if (kept.idempotency_key && this.body()) this.#once = { text: JSON.stringify(this.body()), key: kept.idempotency_key };
    this.changed();
  }

  /** What the service keeps of it; null: nothing. */
  get #kept() {
    const items = this.garments.filter((one) => one.state === "ready").map((one) => ({
      trial_image: one.uploadKey, trial_item_category: one.category, name: one.name.slice(0, 255), bytes: one.file.size,
    }));
    if (!items.length) return null;
    const body = this.body();
    return {
      items, user_category: this.mannequin, runtime_config: configOf(this.options), reference: this.reference,
      idempotency_key: body && this.#once?.text === JSON.stringify(body) ? this.#once.key : null,
    };
  }

  changed() {
    const garments = this.garments.filter((one) => one.state === "ready").map((one) => one.kept);
    const { mannequin, reference, options } = this;
    save(garments.length && this.#whose ? { whose: this.#whose, mannequin, reference, options, once: this.#once, garments } : null);
    if (this.#whose) saved(this.#kept);
    for (const one of this.garments) if (one.category === AUTO && !one.guess && one.state === "ready" && small(one.uploadKey)) this.#guess(one);
    this.dispatchEvent(new Event("change"));
  }

  /** Begin with a look that was made or has failed, without a new upload. `pictures`: what its garments look like, by index. */
  takeBack(job, garments, pictures = new Map()) {
    this.garments = garments ? [...garments] : job.items.map((item, index) => Garment.worn(item, index, pictures.get(index)));
    this.mannequin = job.user_category ?? "FEMALE";
    this.options = optionsOf(job.runtime_config);
    this.reference = job.reference ?? "";
    this.#once = null;
    if (job.error?.code === "category_unclear" && this.garments[job.error.item_index]) this.garments[job.error.item_index].category = "";
    this.changed();
  }

  /** Ask what a photo shows whose name does not say it, one after the other: each takes a second or two. */
  #guess(garment) {
    garment.guess = "asked";
    this.#guessing = this.#guessing.then(() => this.garments.includes(garment) && this.#lookAt(garment));
  }

  /** What was chosen meanwhile stays. */
  async #lookAt(garment) {
    try {
      const { category, confidence, offered } = await insist("GET", withQuery("/v1/uploads/guess", { upload_key: garment.uploadKey }));
      garment.guess = { category, confidence, offered };
      if (offered && garment.category === AUTO) garment.category = category ?? "";
    } catch (error) {
      if (!(error instanceof Refused)) reportError(error);
      garment.guess = { category: null, offered: false }; // the look guesses it
    }
    this.changed();
  }

  /** Another photo in the place of one that can't be used; returns why not. */
  replace(garment, file) {
    const why = objection(file, 0);
    if (why) return `${file.name}: ${why}`;
    URL.revokeObjectURL(garment.url);
    this.garments[this.garments.indexOf(garment)] = new Garment(file, file.name, garment.category || guess(file.name), false);
    this.#next();
    this.changed();
    return null;
  }

  /** Dress a garment as something else than it was taken for. */
  correct(index, category) {
    this.garments[index].category = category;
    this.changed();
  }

  /** Add a photo by its address; returns what is wrong with that, in words. */
  addAddress(text) {
    let address, name;
    try {
      address = new URL(text.trim());
      name = decodeURIComponent(address.pathname.split("/").pop());
    } catch {
      return "This is not the address of a photo.";
    }
    if (address.protocol !== "https:") return `The address of a photo begins with https, not ${address.protocol.slice(0, -1)}.`;
    if (address.href.length > MAX_URL) return `An address has ${MAX_URL} characters at most.`;
    return this.addKnown(address.href, { name: name || address.host });
  }

  /** Add a photo that the service has, or that is on the web; returns why not. */
  addKnown(uploadKey, known) {
    if (this.garments.length >= MAX_ITEMS) return `A look has ${MAX_ITEMS} garments at most.`;
    this.garments.push(Garment.there(uploadKey, known));
    this.changed();
    return null;
  }

  /** Add files; returns what was refused, in words. */
  add(files, { category = null, sample = false } = {}) {
    const refused = [];
    for (const file of files) {
      const why = objection(file, this.garments.length);
      if (why) refused.push(`${file.name}: ${why}`);
      else this.garments.push(new Garment(file, file.name, category ?? guess(file.name), sample));
    }
    this.#next();
    this.changed();
    return refused;
  }

  remove(garment) {
    URL.revokeObjectURL(garment.url);
    this.garments = this.garments.filter((one) => one !== garment);
    this.changed();
  }

  retry(garment) {
    Object.assign(garment, { state: "waiting", error: null });
    this.#next();
    this.changed();
  }

  /** The body of the request; null while a photo or a category is missing. */
  body() {
    if (!this.garments.length || this.garments.some((one) => one.state !== "ready" || !one.category)) return null;
    const items = this.garments.map((one) => ({ trial_image: one.uploadKey, trial_item_category: one.category }));
    const config = configOf(this.options);
    return { user_category: this.mannequin, items, ...(config && { runtime_config: config }), ...(this.reference && { reference: this.reference }) };
  }

  /** The same key for the same body until it was accepted, so that trying again is never charged twice. */
  onceFor(body) {
    const text = JSON.stringify(body);
    if (this.#once?.text !== text) this.#once = { text, key: idempotencyKey() };
    this.changed();
    return this.#once.key;
  }

  /** Somebody signed out: nothing stays in this browser; what the service keeps is there at the next sign-in. */
  leave() {
    this.#whose = null;
    this.clear();
  }

  /** Begin anew. The pictures stay alive: the look's page shows what was sent. */
  clear() {
    this.garments = [];
    this.reference = "";
    this.#once = null;
    this.changed();
  }

  #next() {
    const waiting = this.garments.filter((one) => one.state === "waiting");
    for (const garment of waiting.slice(0, AT_ONCE - this.#uploading)) this.#upload(garment);
  }

  async #upload(garment) {
    garment.state = "uploading";
    this.#uploading += 1;
    const form = new FormData();
    form.append("file", garment.file, "photo");
    try {
      const stored = await insist("POST", "/v1/uploads", { form, headers: { "Idempotency-Key": garment.onceKey } });
      Object.assign(garment, { state: "ready", uploadKey: stored.upload_key });
      if (garment.url === ICON) garment.url = small(stored.upload_key) ?? ICON;
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      Object.assign(garment, { state: "failed", error });
    } finally {
      this.#uploading -= 1;
      this.#next();
      this.changed();
    }
  }
}

function objection(file, count) {
  if (count >= MAX_ITEMS) return `a look has ${MAX_ITEMS} garments at most`;
  if (file.type && !TYPES.includes(file.type)) return "not a JPEG, PNG, WebP, AVIF or HEIC picture";
  if (file.size > MAX_BYTES) return "larger than 25 MiB";
  return file.size ? null : "empty";
}

export const draft = new Draft();

/** What was sent from this tab, by request: its page shows it while there is no picture yet. */
export const sent = new Map();

addEventListener("looks:forgotten", () => {
  forgotten();
  draft.leave();
  sent.clear();
});
