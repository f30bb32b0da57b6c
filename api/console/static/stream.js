// A job's events as they come. EventSource can't send a key, so the stream is read by fetch, and resumed the same way.

import { Refused, ask, get, pause } from "./api.js";

const SILENCE_MS = 20_000; // the server sends a comment every 15 s: longer silence means that something holds it back
const LONG_POLL_S = 25;
const MAX_WAIT_MS = 30_000;

/**
 * Calls `onEvent` for each event in order until the job's last one, then `settle`: getting the outcome is as much a
 * part of following as the events, and is tried again like them. `onState` hears "live", "polling" and "reconnecting"
 * (with the wait in seconds); `onReset` that all events follow anew. Throws Refused for what can't heal.
 */
export async function follow(requestId, { onEvent, onReset, onState, settle, signal }) {
  const reader = { requestId, seen: 0, retryMs: 3000, silences: 0, onEvent, onReset, onState, signal };
  let ended = false;
  for (let failures = 0; !signal.aborted; ) {
    try {
      ended ||= await (reader.silences < 2 ? stream(reader) : poll(reader));
      if (ended) return await settle();
      failures = 0;
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof Refused && !error.canHeal) throw error;
      failures += 1;
      const waitMs = Math.min((error.retryAfterS ?? 0) * 1000 || reader.retryMs * 2 ** (failures - 1), MAX_WAIT_MS) * (0.8 + 0.4 * Math.random());
      onState("reconnecting", Math.ceil(waitMs / 1000));
      await Promise.race([pause(waitMs, signal).catch(() => {}), online(signal)]);
    }
  }
}

/** Resolves when the browser is back on a network. */
function online(signal) {
  return new Promise((resolve) => addEventListener("online", resolve, { once: true, signal }));
}

/** One connection. True: the job has ended. False: come back. Throws when it broke. */
async function stream(reader) {
  const watch = new AbortController();
  const signal = AbortSignal.any([reader.signal, watch.signal]);
  const headers = reader.seen ? { "Last-Event-ID": String(reader.seen) } : {};
  let timer = setTimeout(() => watch.abort(), SILENCE_MS);
  try {
    const answer = await ask("GET", `/v1/jobs/${reader.requestId}/events/stream`, { headers, signal });
    if (answer.status === 204) return true;
    reader.onState("live");
    const chunks = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    for (let text = ""; ; ) {
      const { done, value } = await chunks.read();
      if (done) throw new Error("the stream ended before its job");
      clearTimeout(timer);
      timer = setTimeout(() => watch.abort(), SILENCE_MS);
      const blocks = (text + value).replaceAll("\r\n", "\n").split("\n\n");
      text = blocks.pop();
      for (const block of blocks) {
        const end = take(reader, fields(block));
        if (end !== undefined) return end;
      }
    }
  } catch (error) {
    if (watch.signal.aborted) reader.silences += 1;
    throw error;
  } finally {
    clearTimeout(timer);
    watch.abort();
  }
}

function fields(block) {
  const found = {};
  for (const line of block.split("\n")) {
    const at = line.indexOf(":");
    if (at > 0) found[line.slice(0, at)] = line.slice(at + 1).trimStart();
  }
  return found;
}

/** What one block says; true or false ends the connection. */
function take(reader, block) {
  if (block.retry) reader.retryMs = Number(block.retry);
  if (block.event === "reconnect") return false;
  if (block.event === "reset") {
    reader.seen = 0;
    reader.onReset();
  } else if (block.data) {
    return note(reader, JSON.parse(block.data));
  }
  return undefined;
}

function note(reader, event) {
  if (event.seq <= reader.seen) return undefined;
  reader.seen = event.seq;
  reader.onEvent(event);
  return event.event_type === "succeeded" || event.event_type === "failed" ? true : undefined;
}

async function poll(reader) {
  reader.onState("polling");
  const page = await get(`/v1/jobs/${reader.requestId}/events?since=${reader.seen}&wait=${LONG_POLL_S}`, reader.signal);
  return page.items.some((event) => note(reader, event) === true);
}
