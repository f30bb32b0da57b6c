// Prints what every method of the TypeScript client asks for: `node every_call.mjs dist/index.js`.
const { Looks } = await import(process.argv[2]);

const asked = [];
const answer = { items: [], entries: [], next_cursor: null, status: "SUCCESS" };
const fake = async (url, init) => {
  asked.push([init.method ?? "GET", url, typeof init.body === "string" ? JSON.parse(init.body) : null]);
  return url.includes("/stream") ? new Response(null, { status: 204 }) : Response.json(answer);
};
const looks = new Looks({ apiKey: "sk", baseUrl: "http://looks", fetch: fake });
const garments = [["k", "top"]];
const more = { user_category: "MALE", runtime_config: {}, reference: "r", metadata: { a: "b" } };
const filters = { status: "SUCCESS", created_after: "t", created_before: "t", reference: "r", idempotency_key: "k" };
const changes = { url: "u", event_types: ["look.failed"], description: "d", enabled: true };
await looks.createLook(garments, more);
await looks.validateLook(garments, more);
await looks.createLooks([{ garments, ...more }]);
await looks.upload(new Uint8Array([1]));
await looks.presignUpload("image/png", 1);
await looks.getJob("j", { waitS: 1 });
await looks.cancel("j");
await looks.wait("j");
await looks.getRender("j");
await looks.downloadPicture("j");
await looks.getPhoto("j", 0);
await looks.reportPicture("j", { reason: "other", note: "n" });
await looks.me();
await looks.balance();
await looks.usage("2026-01-01", "2026-01-02");
await looks.usageByKey("2026-01-01", "2026-01-02");
await looks.getRefusedRequest("r");
await looks.operations();
await looks.garmentCategories();
await looks.createWebhook("u", { event_types: ["look.failed"], description: "d" });
await looks.getWebhook("w");
await looks.updateWebhook("w", changes);
await looks.deleteWebhook("w");
await looks.rotateWebhookSecret("w", 0);
await looks.testWebhook("w");
await looks.getWebhookDelivery("w", "d");
await looks.redeliver("w", "d");
for (const list of [
  looks.jobs(filters), looks.renders(), looks.ledger(), looks.webhooks(), looks.uploads(), looks.refusedRequests(),
  looks.webhookDeliveries("w", { status: "failed" }),
]) {
  for await (const _ of list) break;
}
console.log(JSON.stringify(asked));
