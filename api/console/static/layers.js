// A finished picture with what it is made of: boxes on the picture, and the garments in the order in which they lie.

import { announce, bytes, h, number, picture, s } from "./dom.js";
import { kind, named } from "./jobs.js";
import { viewer } from "./viewer.js";

const OUTER = 41; // from this layer on, garments are worn over others

/**
 * The picture and the list of its layers, outermost first. `fresh`: the render with fresh links; `photo`: a link to the photo
 * of a garment, by its index; `correct`: begin a new look in which the garment of this index is something else, or null.
 */
export function pictureView(render, fresh, photo, correct) {
  const { width, height } = render.picture.meta;
  const layers = inOrder(render);
  const boxes = new Map(layers.map((layer) => [layer.index, box(layer)]));
  const marks = s("svg", { viewBox: `0 0 ${width} ${height}`, class: "marks", "aria-hidden": "true" }, [...boxes.values()]);
  const { plane, toggle } = peeling(render, fresh);
  const worn = named(layers.map((layer) => kind(layer.garment)));
  const stage = h("figure", { class: "shown" },
    viewer({ src: render.picture.image_url, alt: `The finished look: ${worn}`, width, height, marks: [plane, marks], renew: async () => (await fresh()).picture.image_url, compare: comparable(render, photo) }),
    h("figcaption", { class: "quiet" }, `${number(width)} × ${number(height)} px, ${bytes(render.picture.meta.bytes)}, ${mannequin(render)}`));
  const list = h("ol", { class: "layers" }, layers.map((layer) => layerCard(layer, boxes.get(layer.index), correct, toggle)));
  const side = h("section", {}, h("h2", {}, "Layers"),
    h("p", { class: "quiet" }, `Outermost first. Point at one to see where it went; press it to keep it marked. ${toggle ? "Hide one to see the look without it." : "To hide some, make the look again with “Keep layers”."}`), list);
  return { worn: worn.charAt(0).toUpperCase() + worn.slice(1), stage, side };
}

/** Garments switched off and on: while one is off, those that are on lie over the mannequin in place of the picture. */
function peeling({ layers, garments, picture: { meta } }, fresh) {
  const plane = h("div", { class: "peeled", hidden: true });
  if (!layers.length) return { plane, toggle: null };
  const off = new Set();
  const over = (index) => garments.flatMap((one, other) => (one.layer_order > garments[index].layer_order ? [other] : []));
  const isAlone = (index) => layers.some((one) => one.item_index === index && one.worn === "alone") && over(index).some((one) => off.has(one))
    && !over(index).some((one) => !off.has(one) && garments[one].layer_order >= OUTER);
  const isShown = ({ item_index: index, worn }) => index === null || (!off.has(index) && isAlone(index) === (worn === "alone"));
  const parts = [];
  const part = ({ box: [x0, y0, x1, y1], image_url: src }, place) => {
    const image = picture({ src, alt: "" }, async () => (await fresh()).layers[place].image_url);
    const share = (px, of) => `${(px / of) * 100}%`;
    Object.assign(image.style, { left: share(x0, meta.width), top: share(y0, meta.height), width: share(x1 - x0, meta.width), height: share(y1 - y0, meta.height) });
    return image;
  };
  const toggle = async (index) => {
    if (!off.delete(index)) off.add(index);
    if (!parts.length) plane.append(...(parts.push(...layers.map(part)), parts));
    parts.forEach((image, place) => { image.hidden = !isShown(layers[place]); });
    await Promise.allSettled(parts.map((image) => image.decode())); // no gap while they load
    plane.hidden = !off.size;
    return off.has(index);
  };
  return { plane, toggle };
}

/** The mannequin as it stands, and the photo of each garment. */
function comparable(render, photo) {
  const name = (render.user_category ?? "FEMALE").toLowerCase();
  const photos = render.garments.map((garment, index) => [`The photo of garment ${index + 1}, ${kind(garment)}`, () => photo(index), "photo"]);
  return [["The bare mannequin", async () => `/console/mannequins/${name}.webp`, "mannequin"], ...photos];
}

function mannequin(render) {
  return render.user_category ? `${render.user_category.toLowerCase()} mannequin` : "female mannequin, the default";
}

/** Each garment with its cut-out, where that was kept. */
function inOrder(render) {
  const cutouts = new Map(render.cutouts.map((one) => [one.item_index, one]));
  const layers = render.garments.map((garment, index) => ({ garment, index, cutout: cutouts.get(index) ?? null }));
  return layers.sort((a, b) => parseFloat(b.garment.layer) - parseFloat(a.garment.layer) || b.index - a.index);
}

function box({ garment }) {
  const [x0, y0, x1, y1] = garment.box;
  return s("rect", { x: x0, y: y0, width: x1 - x0, height: y1 - y0, rx: 8, class: "box" });
}

function layerCard({ garment, index, cutout }, mark, correct, toggle) {
  const name = kind(garment);
  const [x0, y0, x1, y1] = garment.box;
  const light = (on) => () => mark.classList.toggle("lit", on);
  const button = h("button", {
    type: "button", class: "layer", "aria-pressed": "false",
    onpointermove: light(true), onpointerleave: light(false), onfocus: light(true), onblur: light(false),
    onclick: () => {
      const kept = mark.classList.toggle("kept");
      button.setAttribute("aria-pressed", String(kept));
    },
  },
  h("span", { class: "cutout" }, cutout ? picture({ src: cutout.image_url, alt: "", loading: "lazy" }) : h("span", { class: "quiet" }, "none kept")),
  h("span", { class: "facts" },
    h("strong", {}, name),
    h("span", { class: "quiet" }, `Garment ${index + 1}, layer ${garment.layer}`),
    h("span", { class: "quiet" }, `${number(x1 - x0)} × ${number(y1 - y0)} px at ${number(x0)}, ${number(y0)}`)));
  const peel = toggle && h("button", { type: "button", class: "small plain", onclick: async () => {
    const isOff = await toggle(index);
    announce(`Garment ${index + 1}, ${name}, is ${isOff ? "hidden" : "shown"}`);
    say(isOff ? "Show" : "Hide");
  } });
  const say = (word) => { peel.textContent = word; peel.setAttribute("aria-label", `${word} garment ${index + 1}, ${name}`); };
  if (peel) say("Hide");
  return h("li", {}, button, h("div", { class: "row" }, peel,
    cutout ? h("a", { class: "quiet target", href: cutout.image_url, target: "_blank", rel: "noopener noreferrer", "aria-label": `Cut-out of garment ${index + 1}, ${name}` }, "Cut-out") : null),
    garment.guessed_category ? h("p", { class: "guess" }, `Guessed: ${name}, ${Math.round(garment.guess_confidence * 100)} % sure.`,
      correct && h("button", { type: "button", class: "small plain", "aria-label": `Change the category of garment ${index + 1}`, onclick: () => correct(index) }, "Change the category")) : null,
    garment.quality === null ? null : quality(garment),
    garment.warnings.map((text) => h("p", { class: "warning" }, text)));
}

function quality(garment) {
  const of100 = Math.round(garment.quality * 100);
  const reasons = garment.quality_reasons;
  return h("p", { class: "quiet quality" },
    h("meter", { min: "0", max: "100", low: "50", high: "70", optimum: "100", value: of100, "aria-label": "Quality" }),
    ` Quality ${of100} of 100${reasons.length ? `: ${reasons.join("; ")}` : ""}`);
}
