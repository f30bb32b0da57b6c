// The request of a look as code, to be copied: what the page did is done by a program in the same way.

import { copyButton, h } from "./dom.js";

const LANGUAGES = [["curl", curl], ["Python", python], ["TypeScript", typescript]];

/** The body that would make this look again. */
export function bodyOf(job) {
  const body = { user_category: job.user_category, items: job.items };
  for (const name of ["runtime_config", "reference", "metadata"]) if (job[name]) body[name] = job[name];
  return body;
}

export function codeView(job) {
  const body = bodyOf(job);
  const shown = h("div", { class: "stack" });
  const choose = (name, write) => {
    const text = write(body);
    for (const one of tabs.children) one.setAttribute("aria-pressed", String(one.textContent === name));
    shown.replaceChildren(
      h("pre", { class: "code", tabindex: "0", role: "region", "aria-label": `The request in ${name}` }, h("code", { translate: "no" }, text)),
      h("div", { class: "row" }, copyButton(text, `the ${name} code`)));
  };
  const tabs = h("div", { class: "row", role: "group", "aria-label": "Language" }, LANGUAGES.map(([name, write]) =>
    h("button", { type: "button", class: "small plain", "aria-pressed": "false", onclick: () => choose(name, write) }, name)));
  choose(...LANGUAGES[0]);
  return h("div", { class: "stack" }, tabs, shown,
    h("p", { class: "quiet" }, "Put your key in ", h("code", {}, "LOOKS_API_KEY"), ". Each run is a new look and is charged."));
}

const json = (body) => JSON.stringify(body, null, 2);

/** In single quotes a shell takes everything as it is but the single quote. */
function curl(body) {
  return `curl -sS "${location.origin}/v1/look" \\
  -H "Authorization: Bearer $LOOKS_API_KEY" \\
  -H "Idempotency-Key: $(uuidgen)" \\
  -H "Content-Type: application/json" \\
  -d '${json(body).replaceAll("'", "'\\''")}'`;
}

function python(body) {
  return `import json
import os
import uuid

import httpx

BODY = json.loads(r"""
${json(body)}
""")

api = httpx.Client(
    base_url="${location.origin}",
    headers={"Authorization": "Bearer " + os.environ["LOOKS_API_KEY"]},
    timeout=40,
)
made = api.post("/v1/look", json=BODY, headers={"Idempotency-Key": str(uuid.uuid4())})
made.raise_for_status()
path = f"/v1/jobs/{made.json()['request_id']}"
while (job := api.get(path, params={"wait": 30}).raise_for_status().json())["status"] not in ("SUCCESS", "FAILURE"):
    pass
print(job["artifacts"][0]["image_url"] if job["status"] == "SUCCESS" else job["error"])`;
}

function typescript(body) {
  return `const api = "${location.origin}";
const key = process.env.LOOKS_API_KEY;
const body = ${json(body)};

async function call(path: string, init: RequestInit = {}) {
  const headers = { Authorization: \`Bearer \${key}\`, "Content-Type": "application/json", ...init.headers };
  const answer = await fetch(api + path, { ...init, headers });
  if (!answer.ok) throw new Error(await answer.text());
  return answer.json();
}

const made = await call("/v1/look", {
  method: "POST",
  headers: { "Idempotency-Key": crypto.randomUUID() },
  body: JSON.stringify(body),
});
let job;
do {
  job = await call(\`/v1/jobs/\${made.request_id}?wait=30\`);
} while (job.status !== "SUCCESS" && job.status !== "FAILURE");
console.log(job.status === "SUCCESS" ? job.artifacts[0].image_url : job.error);`;
}
