// The v1 surface over fetch: every answer that is not 2xx, and no answer at all, is a Refused.

const TRIES = 4;

/** A refusal in the API's words. `status` 0: there was no answer. */
export class Refused extends Error {
  constructor(status, { code, message, request_id: requestId }, retryAfterS = null) {
    super(message);
    Object.assign(this, { status, code, requestId, retryAfterS });
  }

  /** Whether the caller can mend it by what the words say: then there is nothing to ask for help with. */
  get isCallers() {
    return [402, 403, 413, 415, 422].includes(this.status);
  }

  /** Whether the same request may be answered otherwise in a while. */
  get canHeal() {
    return this.status === 0 || this.status === 429 || this.status >= 500 || this.code === "IDEMPOTENCY_IN_PROGRESS";
  }
}

export const NO_ANSWER = { code: "NO_ANSWER", message: "The service did not answer. Is it running, and are you online?" };

/** A response with a 2xx status. Throws Refused; throws the signal's reason when it was aborted. */
export async function ask(method, path, { body, form, headers = {}, signal } = {}) {
  const sent = { method, signal, headers: { ...headers }, cache: "no-store", credentials: "same-origin" };
  if (body !== undefined) {
    sent.body = JSON.stringify(body);
    sent.headers["Content-Type"] = "application/json";
  }
  if (form !== undefined) sent.body = form;
  let answer;
  try {
    answer = await fetch(path, sent);
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new Refused(0, NO_ANSWER);
  }
  if (answer.ok) return answer;
  const refused = await refusal(answer);
  if (refused.status === 401) dispatchEvent(new CustomEvent("looks:unauthenticated", { detail: refused }));
  throw refused;
}

async function refusal(answer) {
  const retryAfterS = Number(answer.headers.get("Retry-After")) || null;
  const unknown = { code: "UNKNOWN", message: `The answer was ${answer.status}.`, request_id: answer.headers.get("X-Request-Id") };
  try {
    const { error } = await answer.json();
    return new Refused(answer.status, error ?? unknown, retryAfterS);
  } catch {
    return new Refused(answer.status, unknown, retryAfterS);
  }
}

/** The JSON of an answer; null when it has none. */
export async function call(method, path, options) {
  const answer = await ask(method, path, options);
  return answer.status === 204 ? null : answer.json();
}

export const get = (path, signal) => call("GET", path, { signal });

/** Like `call`, tried again while that may help. Only for what carries an Idempotency-Key or changes nothing. */
export async function insist(method, path, options, onWait = () => {}) {
  for (let tries = 1; ; tries += 1) {
    try {
      return await call(method, path, options);
    } catch (error) {
      if (!(error instanceof Refused) || !error.canHeal || tries === TRIES) throw error;
      onWait(error);
      await pause((error.retryAfterS ?? tries) * 1000, options?.signal);
    }
  }
}

/** Resolves after a time; rejects when the signal is aborted. */
export function pause(ms, signal) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms);
    signal?.addEventListener("abort", () => { clearTimeout(timer); reject(signal.reason); }, { once: true });
  });
}

/** A path with query parameters; those that are null are left out. */
export function withQuery(path, parameters) {
  const query = new URLSearchParams(Object.entries(parameters).filter(([, value]) => value !== null && value !== undefined));
  return query.size ? `${path}?${query}` : path;
}

/** An Idempotency-Key. `crypto.randomUUID` is missing on plain http, so it is made from random bytes. */
export function idempotencyKey() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
