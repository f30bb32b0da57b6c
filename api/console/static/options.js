// How a look is drawn, and the customer's own name for it.

import { h } from "./dom.js";

const WIDTHS = [["", "768 × 1152, the usual"], ["1024", "1024 × 1536"], ["1600", "1600 × 2400"], ["2048", "2048 × 3072, for zoom in a shop"]];
const FORMATS = [["", "WebP"], ["png", "PNG, exact"], ["jpeg", "JPEG"]];
const BACKGROUNDS = [["", "Studio"], ["transparent", "Transparent"], ["#ffffff", "White"], ["colour", "A colour…"]];
const COLOUR = "#d8cfc2";

/** What `runtime_config` says of these options; null: what is usual. */
export function configOf({ width, format, background, tuck, layers }) {
  const config = {
    ...(width && { width: Number(width) }), ...(format && { format }), ...(background && { background }), ...(tuck && { tuck }), ...(layers && { layers }),
  };
  return Object.keys(config).length ? config : null;
}

/** The options that a look was asked for with. */
export function optionsOf(config) {
  const { width, format, background, tuck, layers = true } = config ?? {};
  return {
    width: width && width !== 768 ? String(width) : "", format: format && format !== "webp" ? format : "",
    background: background && background !== "studio" ? background : "", tuck: tuck === true, layers,
  };
}

/** The fields of a draft's options and its reference. */
export function optionFields(draft) {
  const set = (values) => { Object.assign(draft.options, values); draft.changed(); };
  const reference = h("input", {
    id: "reference", maxlength: "100", autocomplete: "off", placeholder: "An order or article number", value: draft.reference,
    oninput: () => { draft.reference = reference.value.trim(); draft.changed(); },
  });
  const { options } = draft;
  const isColour = options.background && !BACKGROUNDS.some(([value]) => value === options.background);
  const colour = h("input", {
    type: "color", "aria-label": "Colour of the background", value: isColour ? options.background : COLOUR, hidden: !isColour,
    onchange: () => set({ background: colour.value }),
  });
  const background = choice("background", "Background", BACKGROUNDS, isColour ? "colour" : options.background, (value) => {
    colour.hidden = value !== "colour";
    set({ background: value === "colour" ? colour.value : value });
  });
  const width = choice("width", "Size", options.width && !WIDTHS.some(([value]) => value === options.width) ? [...WIDTHS, [options.width, `${options.width} wide`]] : WIDTHS,
    options.width, (value) => set({ width: value }));
  const check = (id, text) => {
    const box = h("input", { type: "checkbox", id, checked: options[id], onchange: () => set({ [id]: box.checked }) });
    return h("div", { class: "check" }, box, h("label", { for: id }, text));
  };
  const isSet = configOf({ ...options, layers: false }) !== null;
  return h("div", { class: "stack options" },
    h("div", {}, h("label", { for: "reference" }, "Your reference"), reference),
    h("details", { open: isSet }, h("summary", {}, "Options"),
      h("div", { class: "stack" }, width, choice("format", "Format", FORMATS, options.format, (value) => set({ format: value })), background, colour,
        check("tuck", "Tuck tops in"), check("layers", "Keep layers: garments can be hidden one by one"))));
}

function choice(id, label, values, chosen, set) {
  const select = h("select", { id, onchange: () => set(select.value) }, values.map(([value, text]) => h("option", { value }, text)));
  select.value = chosen;
  return h("div", {}, h("label", { for: id }, label), select);
}
