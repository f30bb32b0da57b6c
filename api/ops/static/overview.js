// What an operator looks at first: what needs attention, processes, and how far each consumer group is behind.

import { get, pause } from "/console/api.js";
import { chip, h, number, problem, time } from "/console/dom.js";
import { says, table } from "./parts.js";

const EVERY_MS = 10_000;
const VIEWS = { letters: "Dead letters", quarantine: "Quarantine", looks: "Waiting looks", tenants: "Tenants", audits: "Audits", erasures: "Erasures" };
const FACTS = [
  ["waiting", "looks waiting"], ["overdue", "past their deadline"], ["dead_letters", "open dead letters, 24 h"],
  ["quarantined", "open in quarantine, 24 h"], ["outbox", "records in the outbox"], ["outbox_oldest_s", "seconds, the oldest of them"],
];

export async function overviewView({ view, signal }) {
  const body = h("div", { class: "stack" }, h("p", { class: "quiet" }, "Asking every process, Postgres and Kafka…"));
  const seen = h("p", { class: "quiet" });
  view.append(h("div", { class: "head" }, h("h1", {}, "Overview"), seen), body);
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
    seen.replaceChildren("Seen ", time(at));
    body.replaceChildren(
      worries(concerns),
      h("section", { class: "facts", "aria-label": "In numbers" }, FACTS.map(([name, words]) => h("p", { class: "fact" }, h("b", {}, number(Math.round(facts[name]))), h("span", { class: "quiet" }, words)))),
      h("section", { class: "stack" }, h("h2", {}, "Processes"),
        table("Processes", ["Process", "State", "#CPU", "#MiB", "#Done/s", "#Failed/s", "#In progress", "#Lag", "Note"], processes.map((one) => [
          h("td", {}, h("b", {}, one.process), " ", h("span", { class: "quiet" }, one.address)), state(one.ready),
          one.cpu.toFixed(2), Math.round(one.memory_bytes / 1048576), one.done.toFixed(1), one.failed.toFixed(1), one.in_hand, one.lag, says(one.note),
        ]), "No process is configured: set LOOKS_OPS_PROCESSES.")),
      h("section", { class: "stack" }, h("h2", {}, "Consumer groups"),
        groups === null ? h("p", { class: "problem" }, "Kafka did not answer.")
          : table("Consumer groups", ["Group", "Topic", "#Records behind", "#Seconds behind", "#Members"], groups.map((one) => [
            one.group, one.topic, one.records ?? "not in Kafka", one.seconds === null ? "–" : one.seconds.toFixed(1), one.members,
          ]), "No group reads these topics.")),
    );
  }
}

const state = (ready) => (ready === null ? chip("No answer", "bad") : ready ? chip("Ready", "success") : chip("Not ready", "bad"));

function worries(concerns) {
  if (!concerns.length) return h("p", { class: "well" }, "Nothing needs your attention.");
  return h("section", { class: "stack" }, h("h2", {}, "What needs you"), h("ul", { class: "worries" }, concerns.map((one) => h("li", { class: `worry ${one.level}` },
    chip(one.level === "bad" ? "Now" : "Soon", one.level), h("span", {}, one.what),
    one.view in VIEWS ? h("a", { class: "target", href: `#/${one.view}` }, VIEWS[one.view]) : ""))));
}
