// The client without a service: what it sends, what it sends again, what answers become.
import assert from "node:assert/strict";
import { test } from "node:test";

import {
  AuthenticationError,
  ConnectionFailed,
  InvalidRequest,
  Looks,
  RateLimited,
  ServerError,
  WaitTimeout,
} from "../dist/index.js";

const ACCEPTED = { request_id: "01ARZ3NDEKTSV4RRFFQ69G5FAV", credits_cost: 10 };
const lost = () => Promise.reject(new TypeError("fetch failed"));
const json = (body, status = 200, headers = {}) => () => Response.json(body, { status, headers });
const problem = (status, code, { headers = {}, ...more } = {}) =>
  json({ error: { code, message: "no", request_id: "R" }, ...more }, status, headers);
const event = (seq, event_type = "stage") => ({ seq, event_type, message: "m" });
const frame = (one) => `id: ${one.seq}\nevent: ${one.event_type}\ndata: ${JSON.stringify(one)}\n\n`;
const stream = (...parts) => () =>
  new Response([": hello\nretry: 3000\n", ...parts.map((one) => (typeof one === "string" ? one : frame(one)))].join(""));

/** Answers in turn, the last one for ever; remembers what was asked. */
function service(...answers) {
  const asked = [];
  const fetch = async (url, init = {}) => {
    asked.push({ url, ...init });
    return (answers.length > 1 ? answers.shift() : answers[0])(url, init);
  };
  const looks = new Looks({ apiKey: "sk", baseUrl: "http://looks/", retries: { firstMs: 0 }, fetch });
  return { asked, looks };
}

async function all(items) {
  const found = [];
  for await (const one of items) found.push(one);
  return found;
}

test("a look is sent again under the same key until it is accepted", async () => {
  const { asked, looks } = service(
    lost,
    problem(503, "UNAVAILABLE", { headers: { "retry-after": "0" } }),
    problem(409, "IDEMPOTENCY_IN_PROGRESS", { headers: { "retry-after": "0" } }),
    json(ACCEPTED, 202),
  );
  const look = await looks.createLook([["users/abc/a.jpg", "top"]], { user_category: "FEMALE" });
  assert.equal(look.request_id, ACCEPTED.request_id);
  assert.equal(asked.length, 4);
  assert.equal(new Set(asked.map((one) => one.headers["Idempotency-Key"])).size, 1);
  assert.deepEqual(JSON.parse(asked[0].body), {
    items: [{ trial_image: "users/abc/a.jpg", trial_item_category: "top" }],
    user_category: "FEMALE",
  });
  assert.equal(asked[0].headers.Authorization, "Bearer sk");
  assert.equal(asked[0].url, "http://looks/v1/look");
});

test("what would be done twice is not sent twice, unless nothing was done", async () => {
  const cut = service(lost);
  await assert.rejects(cut.looks.createWebhook("https://example.com/hook"), ConnectionFailed);
  assert.equal(cut.asked.length, 1);
  const away = service(problem(503, "UNAVAILABLE"));
  await assert.rejects(away.looks.redeliver("w", "d"), ServerError);
  assert.equal(away.asked.length, 1);
  const limited = service(
    problem(429, "RATE_LIMITED", { headers: { "retry-after": "0" } }),
    () => new Response(null, { status: 204 }),
  );
  await limited.looks.deleteWebhook("w");
  assert.equal(limited.asked.length, 2);
});

test("it gives up, and says the key to go on with", async () => {
  const slow = service(lost);
  await assert.rejects(slow.looks.createLook([["a", "top"]], { idempotencyKey: "mine" }), (error) => {
    assert.ok(error instanceof ConnectionFailed);
    assert.equal(error.idempotencyKey, "mine");
    return true;
  });
  assert.equal(slow.asked.length, 5);
  const long = service(problem(429, "RATE_LIMITED", { headers: { "retry-after": "61" } }));
  await assert.rejects(long.looks.me(), (error) => {
    assert.ok(error instanceof RateLimited);
    assert.equal(error.retryAfterMs, 61_000);
    return true;
  });
  assert.equal(long.asked.length, 1);
});

test("errors carry code, field and the exchange's id", async () => {
  const detail = [{ loc: ["body", "items", 0, "trial_image"], msg: "m", type: "t" }];
  const { looks } = service(problem(422, "VALIDATION_ERROR", { detail }));
  await assert.rejects(looks.createLook([["a", "top"]]), (error) => {
    assert.ok(error instanceof InvalidRequest);
    assert.deepEqual([error.status, error.code, error.requestId], [422, "VALIDATION_ERROR", "R"]);
    assert.equal(error.field, "body.items.0.trial_image");
    assert.equal(error.name, "InvalidRequest");
    return true;
  });
  const between = service(() => new Response("<html>", { status: 404, headers: { "x-request-id": "p" } }));
  await assert.rejects(between.looks.me(), { code: "UNREADABLE_ANSWER", requestId: "p" });
});

test("pages are gone through to the last", async () => {
  const { asked, looks } = service((url) => {
    const cursor = new URL(url).searchParams.get("cursor") ?? "0";
    const next_cursor = cursor === "2" ? null : String(Number(cursor) + 1);
    return Response.json({ items: [{ request_id: cursor }], next_cursor });
  });
  const found = await all(looks.jobs({ reference: "r", metadata: { sku: "1", size: "M" } }));
  assert.deepEqual(found.map((one) => one.request_id), ["0", "1", "2"]);
  assert.ok(asked.every((one) => new URL(one.url).searchParams.get("reference") === "r"));
  assert.ok(asked.every((one) => new URL(one.url).searchParams.getAll("metadata").join() === "sku:1,size:M"));
});

test("a stream that breaks is gone on with after its last event", async () => {
  const reconnect = "event: reconnect\ndata: {}\n\n";
  const { asked, looks } = service(
    stream(event(1), event(2), "id: 3\nevent: stage\nda"),
    stream(reconnect),
    stream(event(2), event(3), reconnect),
    stream(event(4, "succeeded")),
  );
  const seen = await all(looks.events("j"));
  assert.deepEqual(seen.map((one) => one.seq), [1, 2, 3, 4]);
  assert.deepEqual(asked.map((one) => one.headers["Last-Event-ID"]), [undefined, "2", "2", "3"]);
});

test("a job without more events ends the stream", async () => {
  const { looks } = service(() => new Response(null, { status: 204 }));
  assert.deepEqual(await all(looks.events("j", { since: 4 })), []);
});

test("where streams do not come through, events are asked for", async () => {
  const { asked, looks } = service((url) => {
    if (url.endsWith("/stream")) return lost();
    const since = Number(new URL(url).searchParams.get("since"));
    return Response.json({ items: [event(since + 1, since === 2 ? "failed" : "stage")] });
  });
  assert.deepEqual((await all(looks.events("j"))).map((one) => one.seq), [1, 2, 3]);
  assert.equal(asked.filter((one) => one.url.endsWith("/stream")).length, 3);
});

test("a stream that is refused for good throws", async () => {
  await assert.rejects(all(service(problem(401, "UNAUTHENTICATED")).looks.events("j")), AuthenticationError);
});

test("who waits too long is told", async () => {
  const { looks } = service(json({ items: [], status: "IN_PROGRESS" }));
  await assert.rejects(looks.wait("j", { timeoutMs: 0 }), WaitTimeout);
});

test("ids stay within their part of the path, and what is missing is named", async () => {
  const { asked, looks } = service(json({}));
  await looks.getJob("../credits?x=1");
  assert.equal(asked[0].url, "http://looks/v1/jobs/..%2Fcredits%3Fx%3D1");
  assert.throws(() => new Looks({ apiKey: "", baseUrl: "http://looks" }), /apiKey is missing: give it, or set LOOKS_API_KEY/);
});
