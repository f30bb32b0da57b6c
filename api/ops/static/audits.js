// Audits: what they found, and one begun here and followed to its end.

import { call, get, pause } from "/console/api.js";
import { announce, chip, h, time } from "/console/dom.js";
import { act, actor, field, RECORDED, says, table } from "./parts.js";
import { may } from "./session.js";

const EVERY_MS = 3000;
const SINCE = [["", "everything, including the lake"], ["last", "what is new since the last clean audit"]];
const STATES = { running: ["running", "watch"], lost: ["interrupted", "bad"] };

export async function auditsView({ view, signal }) {
  const notice = h("div", {});
  const rows = h("div", { class: "stack" });
  view.append(h("h1", {}, "Audits"),
    h("p", { class: "quiet" }, "An audit checks every promise of the system in Postgres, Kafka, S3 and the lake. It only reads. Run one on a schedule with ", h("code", {}, "looks audit"), "."),
    may("operator") ? askForm() : h("p", { class: "quiet" }, "To start an audit you need the role operator."), notice, rows);
  await load();

  async function load() {
    const { items, runs } = await get("/ops/v1/audits", signal);
    rows.replaceChildren(
      h("section", { class: "stack" }, h("h2", {}, "Started here"),
        table("Audits started here", ["Started", "By", "Checked", "State", "Result"], runs.map((one) => [
          time(one.at), actor(one.operator), !one.since ? "everything" : one.since === "last" ? "what is new" : time(one.since), state(one), says(...lines(one)),
        ]), "No audit has been started here.")),
      h("section", { class: "stack" }, h("h2", {}, "Finished audits"),
        table("Audits", ["Finished", "As of", "Since", "#Requests", "#Records", "Verdict"], items.map((one) => [
          time(one.finished_at), time(one.looked_at), one.since ? time(one.since) : "everything", one.requests, one.records,
          one.violations ? chip(`${one.violations} violations`, "bad") : chip("clean", "success"),
        ]), "No audit has finished yet.")));
    if (runs.some((one) => one.state === "running")) pause(EVERY_MS, signal).then(act(notice, signal, load), () => {});
  }

  function askForm() {
    const answer = h("div", {});
    const form = h("form", { class: "card", "aria-label": "Start an audit", onsubmit: (event) => { event.preventDefault(); begin(); } },
      h("h2", {}, "Start an audit"),
      h("div", { class: "two" }, field("since", "Check", h("select", { id: "since", name: "since" }, SINCE.map(([value, text]) => h("option", { value }, text)))),
        field("why", "Why", h("input", { id: "why", name: "why", maxlength: "500", autocomplete: "off" }), RECORDED)),
      answer, h("div", { class: "row end" }, h("button", { class: "primary" }, "Start")));
    const begin = act(answer, signal, async () => {
      const fields = new FormData(form);
      await call("POST", "/ops/v1/audits", { body: { since: fields.get("since") || null, why: fields.get("why") }, signal });
      announce("The audit has started");
      await load();
    });
    return form;
  }
}

function state(one) {
  if (one.state !== "finished") return chip(...STATES[one.state]);
  if (one.outcome.startsWith("clean")) return chip("clean", "success");
  return chip(/^\d/.test(one.outcome) ? "violations" : "failed", "bad");
}

const lines = (one) => one.outcome.split("\n").map((line) => h("div", {}, line));
