// A picture that is looked at closely: zoomed and moved by wheel, fingers, buttons and keys, and compared with another.

import { announce, h, picture, said } from "./dom.js";

const MAX_SCALE = 6;
const STEP = 1.4;
const PAN_PX = 60;

/**
 * `compare`: what the picture may be compared with, as [label, () => promise of a link, kind]: of the kind "mannequin" it
 * has the same frame, a "photo" is shown whole. `marks`: what lies over the picture and moves with it.
 */
export function viewer({ src, alt, width, height, marks, renew, compare }) {
  const image = picture({ src, alt, width, height, class: "final", draggable: "false" }, renew);
  const canvas = h("div", { class: "canvas" }, image, marks);
  const frame = h("div", { class: "frame", tabindex: "0", role: "group", "aria-label": "Picture. Plus and minus zoom, arrows move it, 0 shows all of it" }, canvas);
  const level = h("span", { class: "level" }, "100 %");
  const view = zoomable(frame, canvas, level);
  const button = (label, text, act) => h("button", { type: "button", class: "small plain square", "aria-label": label, title: label, onclick: act }, text);
  const tools = h("div", { class: "row tools", role: "toolbar", "aria-label": "Zoom" },
    button("Zoom out", "\u2212", () => view.by(1 / STEP)), level, button("Zoom in", "+", () => view.by(STEP)),
    button("Fit the frame", "Fit", view.fit),
    document.fullscreenEnabled ? button("Full screen", "Full screen", () => (document.fullscreenElement ? document.exitFullscreen() : frame.requestFullscreen())) : null);
  return h("div", { class: "viewer" }, frame, tools, comparison(canvas, compare));
}

function zoomable(frame, canvas, level) {
  const at = { scale: 1, x: 0, y: 0 };
  const draw = () => {
    const { width, height } = frame.getBoundingClientRect();
    at.scale = Math.min(Math.max(at.scale, 1), MAX_SCALE);
    at.x = Math.min(0, Math.max(at.x, width * (1 - at.scale)));
    at.y = Math.min(0, Math.max(at.y, height * (1 - at.scale)));
    canvas.style.transform = `translate(${at.x}px, ${at.y}px) scale(${at.scale})`;
    frame.classList.toggle("zoomed", at.scale > 1);
    level.textContent = `${Math.round(at.scale * 100)} %`;
  };
  /** Zoom so that what is under a point of the frame stays there; without one, its middle. */
  const by = (factor, point) => {
    const { width, height } = frame.getBoundingClientRect();
    const [px, py] = point ?? [width / 2, height / 2];
    const next = Math.min(Math.max(at.scale * factor, 1), MAX_SCALE);
    at.x = px - ((px - at.x) * next) / at.scale;
    at.y = py - ((py - at.y) * next) / at.scale;
    at.scale = next;
    draw();
  };
  const move = (dx, dy) => { at.x += dx; at.y += dy; draw(); };
  const fit = () => { Object.assign(at, { scale: 1, x: 0, y: 0 }); draw(); };
  byPointer(frame, at, by, move);
  frame.addEventListener("keydown", (event) => {
    const keys = {
      "+": () => by(STEP), "=": () => by(STEP), "-": () => by(1 / STEP), 0: fit,
      ArrowLeft: () => move(PAN_PX, 0), ArrowRight: () => move(-PAN_PX, 0), ArrowUp: () => move(0, PAN_PX), ArrowDown: () => move(0, -PAN_PX),
    };
    const isPan = event.key.startsWith("Arrow");
    if (!(event.key in keys) || event.ctrlKey || event.metaKey || event.altKey || (isPan && at.scale === 1)) return;
    event.preventDefault();
    keys[event.key]();
    if (!isPan) announce(level.textContent);
  });
  return { by, fit };
}

/** The wheel zooms where the browser says so (a pinch on a touchpad), where it has the focus or is zoomed; else the page scrolls. */
function byPointer(frame, at, by, move) {
  const fingers = new Map();
  const place = (event) => {
    const box = frame.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  };
  const spread = () => {
    const [[ax, ay], [bx, by_]] = [...fingers.values()];
    return { apart: Math.hypot(ax - bx, ay - by_), middle: [(ax + bx) / 2, (ay + by_) / 2] };
  };
  frame.addEventListener("wheel", (event) => {
    if (!event.ctrlKey && !event.metaKey && at.scale === 1 && document.activeElement !== frame) return;
    event.preventDefault();
    by(Math.exp(-event.deltaY * 0.002), place(event));
  }, { passive: false });
  frame.addEventListener("dblclick", (event) => by(at.scale > 1 ? 0 : 2.5, place(event)));
  frame.addEventListener("pointerdown", (event) => {
    fingers.set(event.pointerId, place(event));
    if (at.scale > 1 || fingers.size > 1) frame.setPointerCapture(event.pointerId);
  });
  frame.addEventListener("pointermove", (event) => {
    const before = fingers.get(event.pointerId);
    if (!before) return;
    const now = place(event);
    if (fingers.size === 2) {
      const was = spread();
      fingers.set(event.pointerId, now);
      const is = spread();
      by(is.apart / (was.apart || 1), is.middle);
      move(is.middle[0] - was.middle[0], is.middle[1] - was.middle[1]);
      return;
    }
    fingers.set(event.pointerId, now);
    if (at.scale > 1) move(now[0] - before[0], now[1] - before[1]);
  });
  for (const type of ["pointerup", "pointercancel", "pointerleave"]) frame.addEventListener(type, (event) => fingers.delete(event.pointerId));
}

/** The choice of what to compare with, and how much of it is shown: a slider, for pointer and keyboard alike. */
function comparison(canvas, choices) {
  const before = h("img", { class: "before", alt: "", hidden: true, draggable: "false" });
  const line = h("span", { class: "line", hidden: true });
  canvas.append(before, line);
  const slider = h("input", { type: "range", min: "0", max: "100", value: "50", hidden: true, "aria-label": "How much of it is shown", oninput: () => draw() });
  const draw = () => {
    before.style.clipPath = `inset(0 ${100 - slider.value}% 0 0)`;
    line.style.left = `${slider.value}%`;
  };
  const failed = h("div", {});
  const choose = async (index) => {
    const chosen = choices[index];
    failed.replaceChildren();
    for (const one of [before, line, slider]) one.hidden = !chosen;
    if (!chosen) return;
    const [label, link, kind] = chosen;
    before.removeAttribute("src");
    before.className = `before ${kind}`;
    slider.setAttribute("aria-label", `How much of ${label.toLowerCase()} is shown`);
    draw();
    try {
      before.src = await link();
    } catch {
      select.value = "";
      await choose("");
      failed.replaceChildren(said("It can't be loaded. Try again in a while."));
    }
  };
  const select = h("select", { id: "compare", onchange: () => choose(select.value) },
    h("option", { value: "" }, "Nothing"), choices.map(([label], index) => h("option", { value: index }, label)));
  return h("div", { class: "compare" }, h("label", { for: "compare" }, "Compare with"), select, slider, failed);
}
