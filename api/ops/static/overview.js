// What an operator looks at first: what needs attention, processes, and how far each consumer group is behind.

import { get, pause } from "/console/api.js";
import { chip, h, number, problem, time } from "/console/dom.js";
import { findRequest, says, table } from "./parts.js";

const EVERY_MS = 10_000;
/** Where a concern is dealt with: the view, filtered to what it speaks of. */
const VIEWS = {
  letters: ["Dead letters", "letters?fault=ours&days=1"], quarantine: ["Quarantine", "quarantine?days=1"], looks: ["Waiting looks", "looks"],
  tenants: ["Tenants", "tenants?webhooks_disabled=true"], audits: ["Audits", "audits"], erasures: ["Erasures", "erasures"],
};
const FACTS = [
  ["waiting", "looks waiting"], ["overdue", "looks past their deadline"], ["dead_letters_ours", "failed by our fault, open, 24 h"], ["dead_letters", "failed in all, open, 24 h"],
  ["quarantined", "open in quarantine, 24 h"], ["outbox", "events not sent yet"],
];

export async function overviewView({ view, signal }) {
  const body = h("div", { class: "stack" }, h("p", { class: "quiet" }, "Asking every process, Postgres and Kafka…"));
  const seen = h("p", { class: "quiet" });
  let isUnfolded = false;
  view.append(h("div", { class: "head" }, h("div", {}, h("h1", {}, "Overview"), seen), findRequest()), body);
  draw(await get("/ops/v1/overview", signal));
  refresh();

  async function refresh() {
    while (!signal.aborted) {
      try {
        await pause(EVERY_MS, signal);
        if (document.hidden) continue;
        draw(await get("/ops/v1/overview", signal));
      } catch (error) {
        if (signal.aborted) return;
        body.querySelector(".problem")?.remove();
        body.prepend(problem(error, refresh));
        return;
      }
    }
  }

  function draw({ at, concerns, processes, groups, facts }) {
    seen.replaceChildren("Updated ", time(at));
    body.replaceChildren(
      worries(concerns),
      h("section", { class: "facts", "aria-label": "Counts" }, FACTS.map(([name, words]) => h("p", { class: "fact" }, h("b", {}, number(Math.round(facts[name]))), h("span", { class: "quiet" }, words)))),
      h("section", { class: "stack" }, h("h2", {}, "Processes"),
        table("Processes", ["Process", "State", "#CPU", "#MiB", "#Done/s", "#Failed/s", "#In progress", "#Lag", "Note"], processes.map((one) => [
          h("td", {}, h("b", {}, one.process), one.address === one.process ? "" : h("span", { class: "quiet" }, ` ${one.address}`)), state(one.ready), ...figures(one), says(one.note),
        ]), "No process is configured: set LOOKS_OPS_PROCESSES.")),
      h("section", { class: "stack" }, h("h2", {}, "Consumer groups"), groups === null ? h("p", { class: "problem" }, "Kafka did not answer.") : lag(groups)),
    );
  }

  /** Who is behind, the worst first; the others are folded up, and stay as they were left. */
  function lag(groups) {
    const isBehind = (one) => one.records > 0 || one.members === 0;
    const behind = groups.filter(isBehind).sort((a, b) => (b.seconds ?? 0) - (a.seconds ?? 0));
    const rest = groups.filter((one) => !isBehind(one));
    const rows = (some) => some.map((one) => [one.group, one.topic, one.records ?? "–", one.seconds === null ? "–" : one.seconds.toFixed(1), one.members]);
    const heads = ["Group", "Topic", "#Records behind", "#Seconds behind", "#Members"];
    return [
      behind.length ? table("Groups that are behind", heads, rows(behind), "") : h("p", { class: "quiet" }, "No group is behind."),
      rest.length ? h("details", { open: isUnfolded, ontoggle: (event) => { isUnfolded = event.target.open; } }, h("summary", {}, `${rest.length} that are not behind`),
        table("Groups that are not behind", heads, rows(rest), ""), h("p", { class: "quiet" }, "A dash means that the group does not keep its position in Kafka, or has read nothing yet.")) : "",
    ];
  }
}

/** What a process says of itself; one that is silent says nothing. */
const figures = (one) => (one.ready === null ? Array(6).fill("–")
  : [one.cpu.toFixed(2), Math.round(one.memory_bytes / 1048576), one.done.toFixed(1), one.failed.toFixed(1), one.in_hand, one.lag]);

const state = (ready) => (ready === null ? chip("No answer", "bad") : ready ? chip("Ready", "success") : chip("Not ready", "bad"));

function worries(concerns) {
  if (!concerns.length) return h("p", { class: "well" }, "Nothing needs your attention.");
  return h("section", { class: "stack" }, h("h2", {}, "Needs attention"), h("ul", { class: "worries" }, concerns.map((one) => h("li", { class: `worry ${one.level}` },
    chip(one.level === "bad" ? "Now" : "Soon", one.level), h("span", {}, one.what),
    one.view in VIEWS ? h("a", { class: "target", href: `#/${VIEWS[one.view][1]}` }, VIEWS[one.view][0]) : ""))));
}
