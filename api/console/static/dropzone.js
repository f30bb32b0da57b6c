// Where photos come in: dropped, pasted or chosen, or by their address on the web.

import { h } from "./dom.js";
import { TYPES } from "./garments.js";

/** `add`: takes files; `addAddress`: takes a text, and says whether it was one. */
export function dropZone(add, addAddress, signal) {
  const input = h("input", {
    type: "file", id: "photos", class: "unseen", multiple: true, accept: TYPES.join(","),
    onchange: () => { add(input.files); input.value = ""; },
  });
  const address = h("input", { id: "address", type: "url", inputmode: "url", autocomplete: "off", placeholder: "https://example.com/shirt.jpg" });
  const byAddress = h("form", { class: "by-address", novalidate: true, onsubmit: (event) => {
    event.preventDefault();
    if (addAddress(address.value)) address.value = "";
    address.focus();
  } }, h("label", { for: "address" }, "Or the address of a photo"), h("div", { class: "row" }, address, h("button", {}, "Add")));
  const zone = h("div", { class: "drop" },
    h("p", {}, h("strong", {}, "Drop or paste garment photos here")),
    input, h("label", { for: "photos", class: "button" }, "Choose files"),
    h("p", { class: "quiet" }, "JPEG, PNG, WebP, AVIF or HEIC, 25 MiB at most; one garment a photo."), byAddress);
  const over = (event) => {
    if (!["Files", "text/uri-list"].some((one) => event.dataTransfer?.types.includes(one))) return;
    event.preventDefault();
    zone.classList.toggle("over", event.type === "dragover");
  };
  addEventListener("paste", (event) => {
    const files = [...(event.clipboardData?.files ?? [])];
    const text = event.clipboardData?.getData("text/plain").trim() ?? "";
    if (files.length) add(files);
    else if (/^https:\/\/\S+$/.test(text) && !event.target.closest?.("input, textarea")) addAddress(text);
    else return;
    event.preventDefault();
  }, { signal });
  for (const type of ["dragover", "dragleave", "drop"]) addEventListener(type, over, { signal });
  addEventListener("drop", ({ dataTransfer }) => {
    const files = dataTransfer?.files ?? [];
    const link = dataTransfer?.getData("text/uri-list").split("\n").find((one) => !one.startsWith("#"));
    if (files.length) add(files);
    else if (link) addAddress(link);
  }, { signal });
  return zone;
}
