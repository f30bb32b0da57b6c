// Pictures as files. They come through the API, for the page may not read the object store.

import { ask, call } from "./api.js";
import { announce, h, present, problem } from "./dom.js";

const REASONS = [
  ["cut_out", "Background is left in, or parts are missing"], ["shape", "The garment is bent or in the wrong place"],
  ["wrong_garment", "It is taken for another kind of garment"], ["colour", "The colours are wrong"], ["other", "Something else"],
];
const WITHHELD = {
  too_late: "The look is older than 30 days, so no credits come back.",
  monthly_limit: "This month's limit for reported pictures is reached, so no credits come back for this one.",
  nothing_charged: "This look was free, so there are no credits to give back.",
};

/** Save a picture as a PNG, exactly, or as a WebP: what the API gives is drawn and encoded here. */
export async function saveAs(requestId, kind) {
  const bitmap = await createImageBitmap(await (await ask("GET", `/v1/renders/${requestId}/picture`)).blob());
  const canvas = h("canvas", { width: bitmap.width, height: bitmap.height });
  canvas.getContext("2d").drawImage(bitmap, 0, 0);
  bitmap.close();
  save(await new Promise((resolve) => canvas.toBlob(resolve, `image/${kind}`, 0.95)), `${requestId}.${kind}`);
}

function save(blob, name) {
  const url = URL.createObjectURL(blob);
  h("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

/** Ask what is wrong with a picture and report it; `done` hears the report. */
export function reportDialog(requestId, done) {
  const answer = h("div", {});
  const note = h("textarea", { id: "note", maxlength: "500", rows: "3" });
  const send = h("button", { class: "primary" }, "Report it");
  const form = h("form", { class: "stack", method: "dialog", onsubmit: submit },
    h("fieldset", { class: "reasons" }, h("legend", {}, "What is wrong?"), REASONS.map(([value, label], index) =>
      h("label", {}, h("input", { type: "radio", name: "reason", value, checked: index === 0 }), h("span", {}, label)))),
    h("label", { for: "note" }, "In your words, if you like"), note,
    h("p", { class: "quiet" }, "The picture stays yours. Its credits come back, once a look and within limits."), answer,
    h("div", { class: "row end" }, h("button", { type: "button", class: "plain", onclick: () => dialog.close() }, "Go back"), send));
  const dialog = h("dialog", { "aria-labelledby": "report-title" }, h("h2", { id: "report-title" }, "Report this picture"), form);

  async function submit(event) {
    event.preventDefault();
    send.disabled = true;
    try {
      const body = { reason: new FormData(form).get("reason"), note: note.value };
      const report = await call("POST", `/v1/renders/${requestId}/report`, { body });
      dialog.close();
      announce(outcomeOf(report));
      done(report);
    } catch (error) {
      answer.replaceChildren(problem(error, () => form.requestSubmit()));
      send.disabled = false;
    }
  }
  present(dialog);
}

export const outcomeOf = (report) => (report.credited ? `Thank you. ${report.credited} credits are back.` : `Thank you. ${WITHHELD[report.withheld]}`);
