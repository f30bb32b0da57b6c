// Telling calls that Looks made from others (Standard Webhooks 1.0), by WebCrypto.
import { WebhookVerificationError } from "./errors.js";
import type { WebhookPayload } from "./models.js";

export const TOLERANCE_S = 300;

/** Headers as fetch, Node or an object has them. */
export type HeaderSource =
  | Headers
  | Readonly<Record<string, string | ReadonlyArray<string> | undefined>>;

export interface VerifyOptions {
  /** How old, or how far ahead, the call's time may be. */
  readonly toleranceS?: number;
  /** Seconds since 1970, for tests. */
  readonly nowS?: number;
}

/**
 * The event of a call that is Looks'; else it throws WebhookVerificationError.
 *
 * `body`: the bytes as they came; JSON that was parsed and written again has another signature.
 * `secret`: `whsec_...`, or several, of which one must fit: the new and the old one while a secret is
 * rotated. The same event may come more than once: `eventId` tells it.
 */
export async function verifyWebhook(
  body: string | Uint8Array,
  headers: HeaderSource,
  secret: string | ReadonlyArray<string>,
  options: VerifyOptions = {},
): Promise<WebhookPayload> {
  const id = eventId(headers);
  const sentAt = header(headers, "webhook-timestamp");
  const signatures = header(headers, "webhook-signature");
  if (!/^\d{1,15}$/.test(sentAt)) {
    throw new WebhookVerificationError("webhook-timestamp is not a number of seconds");
  }
  const nowS = options.nowS ?? Date.now() / 1000;
  if (Math.abs(nowS - Number(sentAt)) > (options.toleranceS ?? TOLERANCE_S)) {
    throw new WebhookVerificationError("webhook-timestamp is too old, or ahead of this clock");
  }
  const bytes = typeof body === "string" ? new TextEncoder().encode(body) : body;
  const head = new TextEncoder().encode(`${id}.${sentAt}.`);
  const signed = new Uint8Array(head.length + bytes.length);
  signed.set(head);
  signed.set(bytes, head.length);
  const secrets = typeof secret === "string" ? [secret] : secret;
  const fitting = await Promise.all(secrets.map((one) => fits(signatures, signed, one)));
  if (!fitting.includes(true)) {
    throw new WebhookVerificationError("webhook-signature is not by this secret");
  }
  return event(bytes);
}

/** The event's id, the same at every try: keep those that you have handled. */
export function eventId(headers: HeaderSource): string {
  return header(headers, "webhook-id");
}

function event(bytes: Uint8Array): WebhookPayload {
  try {
    return JSON.parse(new TextDecoder().decode(bytes)) as WebhookPayload;
  } catch {
    throw new WebhookVerificationError("the body is not JSON");
  }
}

function header(headers: HeaderSource, name: string): string {
  const found =
    headers instanceof Headers
      ? headers.get(name)
      : Object.entries(headers).find(([one]) => one.toLowerCase() === name)?.[1];
  const value = typeof found === "object" && found !== null ? found.join(" ") : found;
  if (!value) throw new WebhookVerificationError(`${name} is missing`);
  return value;
}

/** WebCrypto compares in constant time. */
async function fits(
  signatures: string,
  signed: Uint8Array<ArrayBuffer>,
  secret: string,
): Promise<boolean> {
  const bytes = base64(secret.replace(/^whsec_/, ""));
  if (bytes === null || bytes.length === 0) {
    throw new TypeError("secret is not `whsec_` and base64");
  }
  const hmac = { name: "HMAC", hash: "SHA-256" };
  const key = await crypto.subtle.importKey("raw", bytes, hmac, false, ["verify"]);
  let found = false;
  for (const one of signatures.split(" ")) {
    const [version, text = ""] = one.split(",", 2);
    const signature = version === "v1" ? base64(text) : null;
    if (signature !== null && (await crypto.subtle.verify("HMAC", key, signature, signed))) {
      found = true;
    }
  }
  return found;
}

function base64(text: string): Uint8Array<ArrayBuffer> | null {
  try {
    return Uint8Array.from(atob(text), (one) => one.charCodeAt(0));
  } catch {
    return null;
  }
}
