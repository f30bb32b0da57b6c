// How a look is drawn, and the customer's own name for it.

import { h } from "./dom.js";

const WIDTHS = [["", "768 × 1152, the usual"], ["1024", "1024 × 1536"], ["1600", "1600 × 2400"], ["2048", "2048 × 3072, for zoom in a shop"]];
const FORMATS = [["", "WebP"], ["png", "PNG, exact"], ["jpeg", "JPEG"]];
const BACKGROUNDS = [["", "Studio"], ["transparent", "Transparent"], ["#ffffff", "White"], ["colour", "A colour…"]];
const COLOUR = "#d8cfc2";

/** What `runtime_config` says of these options; null: what is usual. */
export function configOf({ width, format, background, tuck }) {
  const config = {
    ...(width && { width: Number(width) }), ...(format && { format }), ...(background && { background }), ...(tuck && { tuck: true }),
  };
  return Object.keys(config).length ? config : null;
}

/** The options that a look was asked for with. */
export function optionsOf(config) {
  const { width, format, background, tuck } = config ?? {};
  return {
    width: width && width !== 768 ? String(width) : "", format: format && format !== "webp" ? format : "",
    background: background && background !== "studio" ? background : "", tuck: tuck === true,
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
  const tuck = h("input", { type: "checkbox", id: "tuck", checked: options.tuck, onchange: () => set({ tuck: tuck.checked }) });
  const isSet = configOf(options) !== null;
  return h("div", { class: "stack options" },
    h("div", {}, h("label", { for: "reference" }, "Your reference"), reference),
    h("details", { open: isSet }, h("summary", {}, "Options"),
      h("div", { class: "stack" }, width, choice("format", "Format", FORMATS, options.format, (value) => set({ format: value })), background, colour,
        h("div", { class: "check" }, tuck, h("label", { for: "tuck" }, "Tuck tops in")))));
}

function choice(id, label, values, chosen, set) {
  const select = h("select", { id, onchange: () => set(select.value) }, values.map(([value, text]) => h("option", { value }, text)));
  select.value = chosen;
  return h("div", {}, h("label", { for: id }, label), select);
}
