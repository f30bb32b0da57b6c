// The client: one method for each thing that Looks does for a tenant.
import { ConnectionFailed, WaitTimeout, errorOf } from "./errors.js";
import type * as models from "./models.js";
import { RETRIES, afterAnswer, afterFailure, pauseMs } from "./retrying.js";
import type { Retries } from "./retrying.js";
import { ServerEvents } from "./serverEvents.js";

export interface LooksOptions {
  /** LOOKS_API_KEY of the environment where it is left out. A key belongs on a server. */
  readonly apiKey?: string;
  /** LOOKS_API_URL of the environment where it is left out. */
  readonly baseUrl?: string;
  /** For one attempt. */
  readonly timeoutMs?: number;
  readonly retries?: Partial<Retries>;
  /** Another `fetch`, for tests. */
  readonly fetch?: typeof fetch;
}

/** A garment's photo and its category. The photo: what `upload` gave, an object key, an https URL or a
 * data URL. */
export type Garment = readonly [photo: string | models.Upload, category: string] | models.TrialItemInput;

/** What a look may say beside its garments. */
export type LookFields = Partial<Omit<models.LookRequest, "items">>;

export interface Keyed {
  /** One is made where none is given; it stays the same through all retries. */
  readonly idempotencyKey?: string;
}

/** Which jobs are listed. Times are RFC 3339. */
export interface JobFilters {
  readonly status?: models.JobStatus;
  readonly created_after?: string;
  readonly created_before?: string;
  readonly reference?: string;
  /** Of a garment, said or guessed. */
  readonly category?: string;
  /** Looks with all of these pairs. */
  readonly metadata?: Readonly<Record<string, string>>;
  readonly idempotency_key?: string;
}

/** What of an endpoint is changed. */
export type WebhookChanges = Partial<models.UpdateWebhook>;

export interface WaitOptions {
  /** WaitTimeout after it; the look goes on all the same. */
  readonly timeoutMs?: number;
  readonly onEvent?: (event: models.Event) => void;
}

interface Call {
  readonly method: "GET" | "POST" | "PATCH" | "DELETE";
  readonly path: string;
  readonly query?: Readonly<Record<string, string | number | readonly string[] | null | undefined>>;
  readonly json?: unknown;
  readonly photo?: Blob;
  readonly idempotencyKey?: string | null;
  /** Sending it twice does what sending it once does. */
  readonly repeatable: boolean;
  /** How long the service may wait before it answers. */
  readonly longerMs?: number;
}

interface Page<T> {
  readonly next_cursor: string | null;
  readonly items?: ReadonlyArray<T>;
  readonly entries?: ReadonlyArray<T>;
}

const TERMINAL: ReadonlySet<string> = new Set(["succeeded", "failed"]);
/** A stream says something every 15 s: after this, something between holds it back. */
const SILENCE_MS = 20_000;
/** Streams that may end in a row without an event; then it is asked for events instead. */
const STREAM_TRIES = 3;
const LONG_POLL_S = 20;

/** One tenant's access to Looks. */
export class Looks {
  readonly #base: string;
  readonly #key: string;
  readonly #timeoutMs: number;
  readonly #retries: Retries;
  readonly #fetch: typeof fetch;

  constructor(options: LooksOptions = {}) {
    this.#key = setting("apiKey", options.apiKey, "LOOKS_API_KEY");
    this.#base = setting("baseUrl", options.baseUrl, "LOOKS_API_URL").replace(/\/+$/, "");
    this.#timeoutMs = options.timeoutMs ?? 30_000;
    this.#retries = { ...RETRIES, ...options.retries };
    this.#fetch = options.fetch ?? ((input, init) => fetch(input, init));
  }

  // Looks

  /** Ask for a look; its charge and the request are on disk when this resolves. `garments`: pairs of
   * photo and category. It is charged once for each idempotency key, however often it is sent. */
  createLook(
    garments: ReadonlyArray<Garment>,
    more: LookFields & Keyed = {},
  ): Promise<models.WorkflowAcceptedResponse> {
    const { idempotencyKey, ...fields } = more;
    return this.#json(keyed("/v1/look", lookRequest(garments, fields), idempotencyKey));
  }

  /** What `createLook` would say and cost; nothing is charged. */
  validateLook(garments: ReadonlyArray<Garment>, more: LookFields = {}): Promise<models.LookValidation> {
    return this.#json(done("POST", "/v1/look/validate", lookRequest(garments, more), true));
  }

  /** Up to 100 looks, each accepted or refused on its own, in order. */
  createLooks(
    looks: ReadonlyArray<LookFields & { readonly garments: ReadonlyArray<Garment> }>,
    options: Keyed = {},
  ): Promise<models.LookBatchResult> {
    const bodies = looks.map(({ garments, ...more }) => lookRequest(garments, more));
    return this.#json(keyed("/v1/looks/batch", { looks: bodies }, options.idempotencyKey));
  }

  /** Store a photo, 25 MiB at most; free. In Node: `await openAsBlob("tee.jpg")` of `node:fs`. */
  upload(photo: Blob | Uint8Array<ArrayBuffer> | ArrayBuffer, options: Keyed = {}): Promise<models.Upload> {
    const blob = photo instanceof Blob ? photo : new Blob([photo]);
    const idempotencyKey = options.idempotencyKey ?? crypto.randomUUID();
    return this.#json({ method: "POST", path: "/v1/uploads", photo: blob, idempotencyKey, repeatable: true });
  }

  /** Photos that were uploaded earlier, newest first, page by page. */
  uploads(): AsyncGenerator<models.ListedUpload> {
    return this.#pages("/v1/uploads", {});
  }

  /** A form by which a browser stores a photo itself. */
  presignUpload(contentType: models.PhotoType, bytes: number): Promise<models.PresignedUpload> {
    return this.#json(done("POST", "/v1/uploads/presigned", { content_type: contentType, bytes }, true));
  }

  // Jobs

  /** A job; with `waitS` once it has ended, or after that time as it is. */
  getJob(requestId: string, options: { readonly waitS?: number } = {}): Promise<models.Job> {
    const longerMs = (options.waitS ?? 0) * 1000;
    return this.#json({ ...read(at`/v1/jobs/${requestId}`, { wait: options.waitS }), longerMs });
  }

  /** All jobs, newest first, page by page. */
  jobs(filters: JobFilters = {}): AsyncGenerator<models.JobSummary> {
    const { metadata, ...others } = filters;
    const pairs = Object.entries(metadata ?? {}).map(([name, value]) => `${name}:${value}`);
    return this.#pages("/v1/jobs", { ...others, metadata: pairs });
  }

  /** Cancel a look: its job with the refund, or as it is where that is not decided yet. Throws
   * Conflict where its outcome came first. */
  cancel(requestId: string): Promise<models.Job> {
    return this.#json(done("POST", at`/v1/jobs/${requestId}/cancel`, undefined, true));
  }

  /** A job's events as they happen, each once, until its last one. A stream that breaks is gone on with
   * after the last event; where streams do not come through, the service is asked for events. */
  async *events(
    requestId: string,
    options: { readonly since?: number; readonly timeoutMs?: number } = {},
  ): AsyncGenerator<models.Event> {
    const until = deadline(requestId, options.timeoutMs);
    let last = options.since ?? 0;
    for (let barren = 0; barren < STREAM_TRIES; ) {
      const before = last;
      for await (const event of this.#stream(requestId, last, until)) {
        if (event === null) return;
        if (event.seq > last) {
          last = event.seq;
          yield event;
        }
        if (TERMINAL.has(event.event_type)) return;
      }
      barren = last > before ? 0 : barren + 1;
      until.check();
      await sleep(pauseMs(this.#retries, Math.max(barren, 1)));
    }
    for (;;) {
      const waitS = Math.floor(until.leftMs(LONG_POLL_S * 1000) / 1000);
      const call = read(at`/v1/jobs/${requestId}/events`, { since: last, wait: waitS });
      const page = await this.#json<models.EventList>({ ...call, longerMs: waitS * 1000 });
      for (const event of page.items) {
        last = event.seq;
        yield event;
        if (TERMINAL.has(event.event_type)) return;
      }
      until.check();
    }
  }

  /** The job once it has ended: SUCCESS with its picture, or FAILURE with its refund. Throws
   * WaitTimeout; the look goes on all the same. */
  async wait(requestId: string, options: WaitOptions = {}): Promise<models.Job> {
    const timeoutMs = options.timeoutMs ?? 600_000;
    const until = deadline(requestId, timeoutMs);
    for await (const event of this.events(requestId, { timeoutMs })) options.onEvent?.(event);
    for (;;) {
      const waitS = Math.floor(until.leftMs(LONG_POLL_S * 1000) / 1000);
      const job = await this.getJob(requestId, { waitS });
      if (job.status === "SUCCESS" || (job.status === "FAILURE" && job.refunded)) return job;
      until.check();
    }
  }

  // Pictures

  /** All finished pictures, newest first, page by page. */
  renders(): AsyncGenerator<models.Render> {
    return this.#pages("/v1/renders", {});
  }

  /** A finished picture with its cut-outs. */
  getRender(requestId: string): Promise<models.Render> {
    return this.#json(read(at`/v1/renders/${requestId}`));
  }

  /** The picture itself. */
  async downloadPicture(requestId: string): Promise<Blob> {
    return (await this.#send(read(at`/v1/renders/${requestId}/picture`))).blob();
  }

  /** A link to the photo of one garment. */
  getPhoto(requestId: string, index: number): Promise<models.PhotoLink> {
    return this.#json(read(at`/v1/jobs/${requestId}/photos/${String(index)}`));
  }

  /** Say that a picture is bad, once; the answer says what credits came back. */
  reportPicture(requestId: string, body: Partial<models.ReportPicture> = {}): Promise<models.PictureReport> {
    return this.#json(done("POST", at`/v1/renders/${requestId}/report`, body, true));
  }

  // The account

  /** Whose key this is and what it may do. */
  me(): Promise<models.MyAccount> {
    return this.#json(read("/v1/me"));
  }

  /** Credits left. */
  async balance(): Promise<number> {
    return (await this.#json<models.Credits>(read("/v1/credits", { limit: 1 }))).balance;
  }

  /** All ledger entries, newest first, page by page. */
  ledger(): AsyncGenerator<models.LedgerEntryOut> {
    return this.#pages("/v1/credits", {});
  }

  /** Use by day (UTC) and operation. Days as `2026-01-31`. */
  usage(from?: string, to?: string): Promise<models.Usage> {
    return this.#json(read("/v1/usage", { from, to }));
  }

  /** Use by day (UTC) and key. */
  usageByKey(from?: string, to?: string): Promise<models.UsageByKey> {
    return this.#json(read("/v1/usage/keys", { from, to }));
  }

  /** Requests that were refused, newest first, page by page. */
  refusedRequests(): AsyncGenerator<models.RefusedRequest> {
    return this.#pages("/v1/requests", {});
  }

  /** A request that was refused, by the id that its error carried. */
  getRefusedRequest(requestId: string): Promise<models.RefusedRequest> {
    return this.#json(read(at`/v1/requests/${requestId}`));
  }

  /** All operations and their prices. */
  async operations(): Promise<ReadonlyArray<models.Operation>> {
    return (await this.#json<models.OperationList>(read("/v1/operations"))).items;
  }

  /** What a garment's category may name. */
  async garmentCategories(): Promise<ReadonlyArray<models.GarmentCategoryOut>> {
    return (await this.#json<models.GarmentCategoryList>(read("/v1/garment-categories"))).items;
  }

  // Webhooks

  /** A new endpoint. Its secret is in the answer and nowhere else. */
  createWebhook(
    url: string,
    more: Partial<Omit<models.CreateWebhook, "url">> = {},
  ): Promise<models.WebhookWithSecret> {
    return this.#json(done("POST", "/v1/webhooks", { url, ...more }, false));
  }

  /** All endpoints, newest first, page by page. */
  webhooks(): AsyncGenerator<models.Webhook> {
    return this.#pages("/v1/webhooks", {});
  }

  getWebhook(webhookId: string): Promise<models.Webhook> {
    return this.#json(read(at`/v1/webhooks/${webhookId}`));
  }

  /** Change an endpoint; what is not named stays. */
  updateWebhook(webhookId: string, changes: WebhookChanges): Promise<models.Webhook> {
    return this.#json(done("PATCH", at`/v1/webhooks/${webhookId}`, changes, true));
  }

  async deleteWebhook(webhookId: string): Promise<void> {
    const call = done("DELETE", at`/v1/webhooks/${webhookId}`, undefined, false);
    await (await this.#send(call)).arrayBuffer();
  }

  /** A new secret; for `overlapS` calls are signed by the one before too. */
  rotateWebhookSecret(webhookId: string, overlapS = 86_400): Promise<models.WebhookSecret> {
    const path = at`/v1/webhooks/${webhookId}/rotate-secret`;
    return this.#json(done("POST", path, { overlap_s: overlapS }, false));
  }

  /** Have the endpoint called without a look. */
  testWebhook(webhookId: string): Promise<models.Delivery> {
    return this.#json(done("POST", at`/v1/webhooks/${webhookId}/test`, undefined, false));
  }

  /** What an endpoint was sent, newest first, page by page. */
  webhookDeliveries(
    webhookId: string,
    filters: { readonly status?: models.DeliveryStatus } = {},
  ): AsyncGenerator<models.Delivery> {
    return this.#pages(at`/v1/webhooks/${webhookId}/deliveries`, { ...filters });
  }

  /** One delivery, with what is sent. */
  getWebhookDelivery(webhookId: string, deliveryId: string): Promise<models.DeliveryInFull> {
    return this.#json(read(at`/v1/webhooks/${webhookId}/deliveries/${deliveryId}`));
  }

  /** Send one delivery again. */
  redeliver(webhookId: string, deliveryId: string): Promise<models.Delivery> {
    const path = at`/v1/webhooks/${webhookId}/deliveries/${deliveryId}/redeliver`;
    return this.#json(done("POST", path, undefined, false));
  }

  // How it is sent

  async *#pages<T>(path: string, query: NonNullable<Call["query"]>): AsyncGenerator<T> {
    let cursor: string | null = null;
    do {
      const page: Page<T> = await this.#json(read(path, { ...query, cursor }));
      yield* page.items ?? page.entries ?? [];
      cursor = page.next_cursor;
    } while (cursor !== null);
  }

  async #json<T>(call: Call): Promise<T> {
    const answer = await this.#send(call);
    try {
      return (await answer.json()) as T;
    } catch (error) {
      const why = `${call.method} ${call.path} answered ${answer.status} with what can't be read`;
      throw new ConnectionFailed(why, call.idempotencyKey ?? null, error);
    }
  }

  /** A 2xx answer. Throws APIError or ConnectionFailed, after the retries. */
  async #send(call: Call): Promise<Response> {
    const key = call.idempotencyKey ?? null;
    for (let attempt = 1; ; attempt += 1) {
      let pause: number | null;
      try {
        const answer = await this.#fetch(this.#url(call), {
          method: call.method,
          headers: this.#headers(call),
          body: body(call),
          redirect: "manual",
          signal: AbortSignal.timeout(this.#timeoutMs + (call.longerMs ?? 0)),
        });
        if (answer.ok) return answer;
        const problem = await errorOf(answer, key);
        pause = afterAnswer(this.#retries, problem, attempt, call.repeatable);
        if (pause === null) throw problem;
      } catch (error) {
        if (!isFailure(error)) throw error;
        pause = afterFailure(this.#retries, attempt, call.repeatable);
        if (pause === null) {
          throw new ConnectionFailed(`no answer to ${call.method} ${call.path}`, key, error);
        }
      }
      await sleep(pause);
    }
  }

  /** One stream's events, after the last one that was seen; null: the job has no more. */
  async *#stream(requestId: string, last: number, until: Deadline): AsyncGenerator<models.Event | null> {
    const call = read(at`/v1/jobs/${requestId}/events/stream`);
    const stop = new AbortController();
    const headers = { ...this.#headers(call), ...(last > 0 ? { "Last-Event-ID": String(last) } : {}) };
    let silence = setTimeout(() => stop.abort(), until.leftMs(SILENCE_MS));
    try {
      const answer = await this.#fetch(this.#url(call), { headers, signal: stop.signal, redirect: "manual" });
      if (answer.status === 204) {
        yield null;
        return;
      }
      if (!answer.ok) {
        const problem = await errorOf(answer, null);
        if (afterAnswer(this.#retries, problem, 1, true) === null) throw problem;
        return;
      }
      const [reader, decoder, events] = [answer.body!.getReader(), new TextDecoder(), new ServerEvents()];
      for (;;) {
        const { done: ended, value } = await reader.read();
        if (ended) return;
        clearTimeout(silence);
        for (const one of events.take(decoder.decode(value, { stream: true }))) {
          if (one.event === "reconnect") return;
          if (one.event !== "reset") yield JSON.parse(one.data) as models.Event;
        }
        silence = setTimeout(() => stop.abort(), until.leftMs(SILENCE_MS));
      }
    } catch (error) {
      if (!isFailure(error)) throw error; // the next stream goes on where this one broke
    } finally {
      clearTimeout(silence);
      stop.abort();
    }
  }

  #url(call: Call): string {
    const query = new URLSearchParams();
    for (const [name, value] of Object.entries(call.query ?? {})) {
      if (value === undefined || value === null) continue;
      for (const one of typeof value === "object" ? value : [value]) query.append(name, String(one));
    }
    return `${this.#base}${call.path}${query.size > 0 ? `?${query.toString()}` : ""}`;
  }

  #headers(call: Call): Record<string, string> {
    return {
      Authorization: `Bearer ${this.#key}`,
      ...(call.json === undefined ? {} : { "Content-Type": "application/json" }),
      ...(call.idempotencyKey ? { "Idempotency-Key": call.idempotencyKey } : {}),
    };
  }
}

interface Deadline {
  leftMs(mostMs: number): number;
  check(): void;
}

function deadline(requestId: string, timeoutMs: number | undefined): Deadline {
  const end = timeoutMs === undefined ? Infinity : Date.now() + timeoutMs;
  return {
    leftMs: (mostMs) => Math.max(0, Math.min(mostMs, end - Date.now())),
    check: () => {
      if (timeoutMs !== undefined && Date.now() >= end) throw new WaitTimeout(requestId, timeoutMs);
    },
  };
}

function read(path: string, query: NonNullable<Call["query"]> = {}): Call {
  return { method: "GET", path, query, repeatable: true };
}

function done(method: Call["method"], path: string, json: unknown, repeatable: boolean): Call {
  return { method, path, json, repeatable };
}

function keyed(path: string, json: unknown, key: string | undefined): Call {
  return { method: "POST", path, json, idempotencyKey: key ?? crypto.randomUUID(), repeatable: true };
}

function lookRequest(garments: ReadonlyArray<Garment>, more: LookFields): models.LookRequest {
  return { items: garments.map(item), ...more };
}

function item(garment: Garment): models.TrialItemInput {
  if (!Array.isArray(garment)) return garment as models.TrialItemInput;
  const [photo, category] = garment as readonly [string | models.Upload, string];
  const key = typeof photo === "string" ? photo : photo.upload_key;
  return { trial_image: key, trial_item_category: category };
}

/** A path with these ids in it, whatever they hold. */
function at(parts: TemplateStringsArray, ...ids: ReadonlyArray<string>): string {
  return parts.reduce((path, part, index) => path + encodeURIComponent(ids[index - 1] ?? "") + part);
}

function body(call: Call): BodyInit | null {
  if (call.photo === undefined) return call.json === undefined ? null : JSON.stringify(call.json);
  const form = new FormData();
  form.set("file", call.photo, "photo");
  return form;
}

/** `fetch` throws a TypeError where no answer came, a DOMException where the time was over. */
function isFailure(error: unknown): boolean {
  const aborted = error instanceof DOMException && ["AbortError", "TimeoutError"].includes(error.name);
  return aborted || error instanceof TypeError;
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function setting(name: string, given: string | undefined, variable: string): string {
  const { process } = globalThis as { process?: { env: Record<string, string | undefined> } };
  const found = given || process?.env[variable];
  if (!found) throw new TypeError(`${name} is missing: give it, or set ${variable}`);
  return found;
}
