// What is sent again, and after how long. Pure.
import type { APIError } from "./errors.js";

/** Exponential pauses with full jitter, or what `Retry-After` asks for. A request is sent again only
 * where that does no harm: it reads, it has an idempotency key, which stays the same, or the service
 * did nothing of it. */
export interface Retries {
  /** The first one included. */
  readonly attempts: number;
  readonly firstMs: number;
  readonly mostMs: number;
  /** A service that asks for a longer pause is not waited for. */
  readonly mostAskedMs: number;
  /** Between 0 and 1. */
  readonly jitter: () => number;
}

export const RETRIES: Retries = {
  attempts: 5,
  firstMs: 250,
  mostMs: 8_000,
  mostAskedMs: 60_000,
  jitter: Math.random,
};

/** After these the same request can succeed; whether the service acted on it is open. */
const PASSING: ReadonlySet<number> = new Set([408, 500, 502, 503, 504]);
/** Requests that were refused before anything was done. */
const UNTOUCHED: ReadonlySet<string> = new Set(["RATE_LIMITED", "IDEMPOTENCY_IN_PROGRESS"]);

/** The pause after this many attempts; null: give up. */
export function afterAnswer(
  retries: Retries,
  error: APIError,
  attempt: number,
  repeatable: boolean,
): number | null {
  const again = UNTOUCHED.has(error.code) || (repeatable && PASSING.has(error.status));
  if (attempt >= retries.attempts || !again) return null;
  const askedMs = error.retryAfterMs;
  if (askedMs === null) return pauseMs(retries, attempt);
  // A little more than asked for, so that all who were told the same do not come at once
  return askedMs <= retries.mostAskedMs ? askedMs + pauseMs(retries, 1) : null;
}

/** The same where no answer came: `fetch` does not say whether the request was sent. */
export function afterFailure(retries: Retries, attempt: number, repeatable: boolean): number | null {
  return attempt < retries.attempts && repeatable ? pauseMs(retries, attempt) : null;
}

/** Anything up to twice as much as after the attempt before. */
export function pauseMs(retries: Retries, attempt: number): number {
  return Math.min(retries.mostMs, retries.firstMs * 2 ** (attempt - 1)) * retries.jitter();
}
