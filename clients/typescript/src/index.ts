// The client of Looks, for Node 20+ and browsers.
export { Looks } from "./client.js";
export type {
  Garment,
  JobFilters,
  Keyed,
  LookFields,
  LooksOptions,
  WaitOptions,
  WebhookChanges,
} from "./client.js";
export * from "./errors.js";
export type * from "./models.js";
export { RETRIES } from "./retrying.js";
export type { Retries } from "./retrying.js";
export { TOLERANCE_S, eventId, verifyWebhook } from "./webhooks.js";
export type { HeaderSource, VerifyOptions } from "./webhooks.js";
