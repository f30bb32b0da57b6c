// A new look: photos, what they are, who wears them, what it costs.

import { Refused, call, get, insist } from "./api.js";
import { announce, arrived, bytes, credits, h, notAllowed, number, problem, time } from "./dom.js";
import { begunElsewhere, forgetElsewhere } from "./drafts.js";
import { dropZone } from "./dropzone.js";
import { ICON, SAMPLES, TYPES, draft, sent } from "./garments.js";
import { may } from "./key.js";
import { AUTO, learn } from "./naming.js";
import { optionFields } from "./options.js";

const MANNEQUINS = [["FEMALE", "Female"], ["MALE", "Male"]];
const REGIONS = {
  upper: "Upper body", lower: "Lower body", full: "Whole body", feet: "Feet", head: "Head", neck: "Neck", waist: "Waist", hand: "Hand",
};
const PRICE_AFTER_MS = 250;

export async function newView({ view, signal, refreshBalance }) {
  const missing = ["jobs:create", "jobs:read"].find((one) => !may(one));
  if (missing) {
    view.append(h("h1", {}, "New look"), notAllowed("make looks and see them", missing));
    return;
  }
  const { items: categories } = await get("/v1/garment-categories", signal);
  learn(categories);
  const problems = h("div", { class: "stack" });
  const list = h("ul", { class: "garments", "aria-label": "Garments of this look" });
  const order = orderPanel({ signal, refreshBalance });
  const tell = (before, refused) => {
    problems.replaceChildren(...refused.map((text) => h("p", { class: "problem", role: "alert" }, text)));
    if (draft.garments.length > before) announce(`${draft.garments.length - before} added`);
    return !refused.length;
  };
  const add = (files) => tell(draft.garments.length, draft.add(files));
  const addAddress = (text) => tell(draft.garments.length, [draft.addAddress(text)].filter(Boolean));
  const elsewhere = h("div", {});
  view.append(
    h("h1", {}, "New look"), elsewhere,
    h("div", { class: "split" },
      h("div", { class: "stack" }, dropZone(add, addAddress, signal), problems, list, earlier(signal), samples(problems)),
      order));
  offerDraft(elsewhere, signal);
  const cards = new Map();
  const redraw = () => {
    for (const [garment, card] of cards) {
      if (!draft.garments.includes(garment)) {
        card.element.remove();
        cards.delete(garment);
      }
    }
    draft.garments.forEach((garment, index) => {
      if (!cards.has(garment)) {
        cards.set(garment, garmentCard(garment, categories));
        list.append(cards.get(garment).element);
      }
      cards.get(garment).update(index);
    });
    list.hidden = !draft.garments.length;
  };
  draft.addEventListener("change", redraw, { signal });
  draft.changed();
}

/** A look that was begun in another browser with this key: gone on with, or forgotten. */
async function offerDraft(place, signal) {
  if (draft.garments.length) return;
  const kept = await begunElsewhere(signal).catch(() => null); // no answer: a new look begins empty
  if (!kept || draft.garments.length || signal.aborted) return;
  const count = kept.draft.items.length;
  const done = () => { place.replaceChildren(); document.getElementById("photos").focus(); };
  const forget = async () => {
    try {
      await forgetElsewhere();
      done();
    } catch (error) {
      place.append(problem(error, forget));
    }
  };
  const goOn = () => { draft.goOn(kept.draft); done(); announce(`${count} added`); };
  place.replaceChildren(h("div", { class: "card row between", role: "region", "aria-label": "A look that was begun" },
    h("p", {}, `You began a look with ${count} ${count === 1 ? "garment" : "garments"} `, time(kept.at), "."),
    h("div", { class: "row" }, h("button", { type: "button", class: "primary", onclick: goOn }, "Continue with it"),
      h("button", { type: "button", class: "plain", onclick: forget }, "Forget it"))));
  draft.addEventListener("change", () => { if (draft.garments.length) place.replaceChildren(); }, { signal });
}

/** Photos that were uploaded before, shown when they are asked for. */
function earlier(signal) {
  const shown = h("div", {});
  if (!may("jobs:read")) return shown;
  const fill = async () => {
    if (!details.open || shown.firstChild) return;
    try {
      shown.replaceChildren(await (await arrived(import("./earlier.js"))).earlierView(signal));
    } catch (error) {
      if (!signal.aborted) shown.replaceChildren(problem(error, () => { shown.replaceChildren(); fill(); }));
    }
  };
  const details = h("details", { class: "earlier", ontoggle: fill }, h("summary", {}, "Earlier uploads"), shown);
  return details;
}

function samples(problems) {
  const use = async (name, category) => {
    const answer = await fetch(`/console/samples/${name}.jpg`);
    if (!answer.ok) throw new Refused(answer.status, { code: "UNKNOWN", message: `The sample ${name} can't be loaded.` });
    draft.add([new File([await answer.blob()], `${name}.jpg`, { type: "image/jpeg" })], { category, sample: true });
  };
  const useAll = async (pairs) => {
    try {
      for (const pair of pairs) await use(...pair);
      announce(`${pairs.length} sample ${pairs.length === 1 ? "garment" : "garments"} added`);
    } catch (error) {
      problems.replaceChildren(problem(error instanceof Refused ? error : new Refused(0, { code: "NO_ANSWER", message: "The samples can't be loaded." }), () => useAll(pairs)));
    }
  };
  const outfit = () => useAll(SAMPLES.filter(([name]) => (draft.mannequin === "MALE" ? ["shirt", "jeans", "shoes"] : ["tee", "skirt", "shoes"]).includes(name)));
  return h("section", { class: "samples", "aria-labelledby": "samples-title" },
    h("div", { class: "row between" },
      h("h2", { id: "samples-title" }, "No photos at hand?"),
      h("button", { type: "button", onclick: outfit }, "Use sample garments")),
    h("p", { class: "quiet" }, "Sample garments (illustrations). Click one to add it, or use a ready-made outfit."),
    h("div", { class: "strip" }, SAMPLES.map(([name, category]) =>
      h("button", { type: "button", class: "sample", "aria-label": `Add the sample ${name}`, onclick: () => useAll([[name, category]]) },
        h("img", { src: `/console/samples/${name}.jpg`, alt: "", loading: "lazy", width: 60, height: 80 })))));
}

function categorySelect(garment, categories) {
  const regions = [...new Set(categories.map((one) => one.body_region))];
  const choose = () => {
    garment.category = (select.value === AUTO && garment.guess?.category) || select.value;
    draft.changed();
  };
  const select = h("select", { onchange: choose },
    h("option", { value: "", hidden: true }, "Choose a category…"),
    h("option", { value: AUTO }, "Guess it from the photo"),
    regions.map((region) => h("optgroup", { label: REGIONS[region] ?? region },
      categories.filter((one) => one.body_region === region).map((one) => h("option", { value: one.key }, one.label)))));
  select.value = garment.category;
  return select;
}

function garmentCard(garment, categories) {
  const select = categorySelect(garment, categories);
  const state = h("p", { class: "quiet state" });
  const number = h("span", { class: "index", "aria-hidden": "true" });
  const image = h("img", { src: garment.url, alt: "", onerror: () => { garment.url = ICON; update(); } });
  const hint = h("p", { class: "quiet hint" });
  const remove = h("button", { type: "button", class: "small plain", onclick: () => {
    const next = element.nextElementSibling ?? element.previousElementSibling;
    draft.remove(garment);
    announce(`${garment.name} removed`);
    (next?.querySelector("select") ?? document.getElementById("photos")).focus();
  } }, "Remove");
  const element = h("li", { class: "garment" },
    h("div", { class: "thumb" }, image, number),
    h("div", { class: "facts" },
      h("p", { class: "name", title: garment.name }, garment.name), state, h("label", { class: "category" }, h("span", { class: "unseen" }), select), hint),
    remove);
  const update = (index = draft.garments.indexOf(garment)) => {
    number.textContent = index + 1;
    if (image.getAttribute("src") !== garment.url) image.src = garment.url;
    element.className = `garment ${garment.state}`;
    element.querySelector(".category").hidden = garment.state === "failed" && !garment.error.canHeal;
    select.value = garment.category;
    hint.textContent = garment.state === "failed" ? "" : hintOf(garment);
    remove.setAttribute("aria-label", `Remove ${garment.name}`);
    element.querySelector(".category span").textContent = `Category of garment ${index + 1}, ${garment.name}`;
    if (state.dataset.shown !== garment.state) {
      state.dataset.shown = garment.state;
      state.replaceChildren(...stateOf(garment));
    }
  };
  return { element, update };
}

/** Where the category comes from. */
function hintOf({ category, guess, state }) {
  if (guess === "asked") return "Looking at its shape…";
  if (guess?.category && guess.category === category) return `Guessed from its shape, ${Math.round(guess.confidence * 100)} % sure. Change it if it is wrong.`;
  if (guess?.offered && !guess.category && !category) return "Its shape is not clear: choose a category.";
  return category !== AUTO ? "" : state === "ready" ? "It is guessed when the look is made: tops, dresses, trousers and shorts. If unsure, the look fails and is refunded." : "Its shape is looked at once it is uploaded.";
}

/** Another photo for a card whose photo can't be used. */
function another(garment) {
  const answer = h("span", { class: "problem", role: "alert", hidden: true });
  const input = h("input", { type: "file", class: "unseen", accept: TYPES.join(","), "aria-label": `Choose another photo in place of ${garment.name}`, onchange: () => {
    const why = input.files[0] && draft.replace(garment, input.files[0]);
    answer.hidden = !why;
    answer.textContent = why ?? "";
    input.value = "";
  } });
  return h("div", { class: "stack" }, h("label", { class: "another" }, input, h("span", { class: "button small" }, "Choose another photo")), answer);
}

function stateOf(garment) {
  if (garment.state === "failed") return [problem(garment.error, () => draft.retry(garment)), garment.error.canHeal ? "" : another(garment)];
  const ready = garment.sample ? "Sample, uploaded" : garment.uploadKey?.startsWith("https:") ? `Fetched from ${new URL(garment.uploadKey).host} when the look is made` : "Uploaded";
  const where = { waiting: "Waits for its upload", uploading: "Uploading…", ready };
  return [[where[garment.state], garment.file.size && bytes(garment.file.size)].filter(Boolean).join(" · ")];
}

function orderPanel({ signal, refreshBalance }) {
  const price = h("div", { class: "price" });
  const answer = h("div", {});
  const send = h("button", { type: "submit", class: "primary wide" }, "Make this look");
  const choice = h("fieldset", {}, h("legend", {}, "Mannequin"),
    h("div", { class: "choice" }, MANNEQUINS.map(([value, label]) => h("label", {},
      h("input", { type: "radio", name: "mannequin", checked: draft.mannequin === value, onchange: () => { draft.mannequin = value; draft.changed(); } }),
      h("span", {}, label)))));
  const form = h("form", { class: "order card", "aria-label": "Order", onsubmit: submit }, choice, optionFields(draft), price, answer, send);
  draft.addEventListener("change", pricing(price, signal), { signal });

  async function submit(event) {
    event.preventDefault();
    const body = draft.body();
    if (!body) return pointOut(answer);
    send.disabled = true;
    send.textContent = "Sending…";
    answer.replaceChildren();
    try {
      const headers = { "Idempotency-Key": draft.onceFor(body) };
      const wait = () => answer.replaceChildren(h("p", { class: "quiet", role: "status" }, "No answer yet: sending it again. It is charged once."));
      const accepted = await insist("POST", "/v1/look", { body, headers }, wait);
      sent.set(accepted.request_id, draft.garments);
      draft.clear();
      refreshBalance();
      location.hash = `#/looks/${accepted.request_id}`;
    } catch (error) {
      answer.replaceChildren(problem(error, () => form.requestSubmit()));
      send.disabled = false;
      send.textContent = "Make this look";
    }
  }
  return form;
}

/** Say what is missing, and go there. */
function pointOut(answer) {
  const failed = draft.garments.flatMap((one, index) => (one.state === "failed" ? [index + 1] : []));
  const missing = draft.garments.findIndex((one) => one.state !== "failed" && !one.category);
  const others = draft.garments.flatMap((one, index) => (one.state !== "failed" && !one.category ? [index + 1] : []));
  const say = (text) => answer.replaceChildren(h("p", { class: "problem", role: "alert" }, text));
  if (!draft.garments.length) {
    say("Add at least one garment photo.");
    document.getElementById("photos").focus();
  } else if (missing >= 0) {
    say(`Choose a category for ${named("garment", others)}.${failed.length ? ` ${notUploaded(failed)}` : ""}`);
    document.querySelectorAll(".garment select")[missing].focus();
  } else if (failed.length) {
    say(notUploaded(failed));
  } else {
    say("The photos are still being uploaded.");
  }
}

const named = (what, numbers) => `${what}${numbers.length > 1 ? "s" : ""} ${new Intl.ListFormat("en").format(numbers.map(String))}`;

const notUploaded = (numbers) => {
  const canHeal = numbers.every((one) => draft.garments[one - 1].error.canHeal);
  const [were, them] = numbers.length > 1 ? ["were", "them"] : ["was", "it"];
  return `${named("Photo", numbers)} ${were} not uploaded: ${canHeal ? "try again" : "choose another"} or remove ${them}.`;
};

/** Ask what the look would cost, a moment after each change. */
function pricing(price, signal) {
  let timer = null;
  let asked = null;
  return () => {
    const body = draft.body();
    const text = JSON.stringify(body);
    if (text === asked && body) return;
    asked = text;
    clearTimeout(timer);
    if (!body) {
      const count = draft.garments.length;
      price.replaceChildren(h("p", { class: "quiet" }, count ? draft.garments.some((one) => one.state === "failed") ? "The price is shown when each photo is uploaded." : "Choose a category for each photo to see the price." : "Add garments to see the price."));
      return;
    }
    timer = setTimeout(async () => {
      try {
        const told = await call("POST", "/v1/look/validate", { body, signal });
        if (JSON.stringify(draft.body()) === text) price.replaceChildren(...quote(told, body.items.length));
      } catch (error) {
        if (!signal.aborted) price.replaceChildren(problem(error, () => { asked = null; draft.changed(); }));
      }
    }, PRICE_AFTER_MS);
  };
}

function quote(told, count) {
  return [
    h("p", { class: "cost" }, h("b", {}, number(told.credits_cost)), told.credits_cost === 1 ? " credit" : " credits"),
    h("p", { class: told.sufficient ? "quiet" : "problem" },
      `${number(count)} ${count === 1 ? "garment" : "garments"}. You have ${credits(told.balance)}${told.sufficient ? "" : ": not enough"}. A look that fails is refunded.`),
    ...told.warnings.map((text) => h("p", { class: "quiet" }, text)),
  ];
}
