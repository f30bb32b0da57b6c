// Calls that are Looks', and others.
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { test } from "node:test";

import { WebhookVerificationError, eventId, verifyWebhook } from "../dist/index.js";

const SECRET = `whsec_${Buffer.from("s".repeat(32)).toString("base64")}`;
const OTHER = `whsec_${Buffer.from("o".repeat(32)).toString("base64")}`;
const BODY = JSON.stringify({ type: "look.failed", timestamp: "2026-01-02T03:04:05Z", data: { request_id: "ü" } });
const NOW_S = 1_767_323_045;

function signature(secret, at = NOW_S, id = "01M8", body = BODY) {
  const key = Buffer.from(secret.slice("whsec_".length), "base64");
  return `v1,${createHmac("sha256", key).update(`${id}.${at}.${body}`).digest("base64")}`;
}

function call(signatures, at = NOW_S) {
  return { "Webhook-Id": "01M8", "webhook-timestamp": String(at), "webhook-signature": signatures };
}

const verify = (headers, secret = SECRET, body = BODY, more = {}) =>
  verifyWebhook(body, headers, secret, { nowS: NOW_S, ...more });

test("a call of ours is read, from bytes, text and every kind of headers", async () => {
  const headers = call(signature(SECRET));
  for (const given of [headers, new Headers(headers)]) {
    for (const body of [BODY, Buffer.from(BODY), new TextEncoder().encode(BODY)]) {
      const event = await verify(given, SECRET, body);
      assert.deepEqual([event.type, event.data.request_id], ["look.failed", "ü"]);
    }
    assert.equal(eventId(given), "01M8");
  }
});

test("during a rotation either secret will do", async () => {
  const both = call(`${signature(OTHER)} ${signature(SECRET)}`);
  assert.equal((await verify(both, SECRET)).type, "look.failed");
  assert.equal((await verify(call(signature(OTHER)), [SECRET, OTHER])).type, "look.failed");
});

const FORGERIES = {
  "another's secret": () => [call(signature(OTHER))],
  "a byte of the body": () => [call(signature(SECRET)), SECRET, BODY.replace("ü", "u")],
  "an old time": () => [call(signature(SECRET, NOW_S - 301), NOW_S - 301)],
  "a time to come": () => [call(signature(SECRET, NOW_S + 301), NOW_S + 301)],
  "an old call with a new time": () => [call(signature(SECRET, NOW_S - 400))],
  "another id": () => [{ ...call(signature(SECRET)), "Webhook-Id": "01M8.1" }],
  "no version": () => [call(signature(SECRET).slice(3))],
  "another version": () => [call(signature(SECRET).replace("v1,", "v1a,"))],
  "no signature": () => [call("")],
  noise: () => [call("v1,%%%")],
  "a time that is no number": () => [call(signature(SECRET, "now"), "now")],
  "no headers": () => [{}],
};

for (const [name, made] of Object.entries(FORGERIES)) {
  test(`refused: ${name}`, async () => {
    await assert.rejects(verify(...made()), WebhookVerificationError);
  });
}

test("a secret that is none is the receiver's own mistake, and is not shown", async () => {
  await assert.rejects(verify(call(signature(SECRET)), "whsec_!!"), (error) => {
    assert.ok(error instanceof TypeError);
    assert.ok(!error.message.includes("!!"));
    return true;
  });
});
