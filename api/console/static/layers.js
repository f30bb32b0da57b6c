// A finished picture with what it is made of: boxes on the picture, and the garments in the order in which they lie.

import { bytes, h, number, picture, s } from "./dom.js";
import { kind, named } from "./jobs.js";
import { viewer } from "./viewer.js";

/**
 * The picture and the list of its layers, outermost first. `renew`: a fresh link to the picture; `photo`: a link to the photo
 * of a garment, by its index; `correct`: begin a new look in which the garment of this index is something else, or null.
 */
export function pictureView(render, renew, photo, correct) {
  const { width, height } = render.picture.meta;
  const layers = inOrder(render);
  const boxes = new Map(layers.map((layer) => [layer.index, box(layer)]));
  const marks = s("svg", { viewBox: `0 0 ${width} ${height}`, class: "marks", "aria-hidden": "true" }, [...boxes.values()]);
  const worn = named(layers.map((layer) => kind(layer.garment)));
  const stage = h("figure", { class: "shown" },
    viewer({ src: render.picture.image_url, alt: `The finished look: ${worn}`, width, height, marks, renew, compare: comparable(render, photo) }),
    h("figcaption", { class: "quiet" }, `${number(width)} × ${number(height)} px, ${bytes(render.picture.meta.bytes)}, ${mannequin(render)}`));
  const list = h("ol", { class: "layers" }, layers.map((layer) => layerCard(layer, boxes.get(layer.index), correct)));
  const side = h("section", {}, h("h2", {}, "Layers"),
    h("p", { class: "quiet" }, "Outermost first. Point at one to see where it went; press it to keep it marked."), list);
  return { worn: worn.charAt(0).toUpperCase() + worn.slice(1), stage, side };
}

/** The mannequin as it stands, and the photo of each garment. */
function comparable(render, photo) {
  const name = (render.user_category ?? "FEMALE").toLowerCase();
  const photos = render.garments.map((garment, index) => [`The photo of garment ${index + 1}, ${kind(garment)}`, () => photo(index), "photo"]);
  return [["The bare mannequin", async () => `/console/mannequins/${name}.webp`, "mannequin"], ...photos];
}

function mannequin(render) {
  return render.user_category ? `${render.user_category.toLowerCase()} mannequin` : "default mannequin";
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

function layerCard({ garment, index, cutout }, mark, correct) {
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
  return h("li", {}, button,
    cutout ? h("a", { class: "quiet target", href: cutout.image_url, target: "_blank", rel: "noopener noreferrer", "aria-label": `Cut-out of garment ${index + 1}, ${name}` }, "Cut-out") : null,
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
