// What can go wrong: LooksError, and below it ConnectionFailed (no answer), WaitTimeout (not finished in
// the time given), WebhookVerificationError, and APIError (an answer that is not 2xx) with a class for
// each kind. A look that failed is none of these: its job says why, and was refunded.
import type { ErrorCode, ValidationErrorItem } from "./models.js";

/** All of them. */
export class LooksError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** No answer, or none that can be read. What was asked for may have happened all the same: send it
 * again with the same idempotency key. */
export class ConnectionFailed extends LooksError {
  constructor(message: string, readonly idempotencyKey: string | null, cause: unknown) {
    super(message, { cause });
  }
}

/** The time given is over. The look goes on: wait again. */
export class WaitTimeout extends LooksError {
  constructor(readonly requestId: string, timeoutMs: number) {
    super(`${requestId} is not finished after ${timeoutMs} ms`);
  }
}

/** A call that Looks did not make, or not now: answer 401, and do nothing of what it says. */
export class WebhookVerificationError extends LooksError {}

/** An answer that is not 2xx. Nothing was charged. */
export class APIError extends LooksError {
  constructor(
    readonly status: number,
    readonly code: ErrorCode | "UNREADABLE_ANSWER",
    readonly reason: string,
    /** Of this exchange; quote it when you ask for help. */
    readonly requestId: string,
    readonly detail: ReadonlyArray<ValidationErrorItem>,
    /** How long the service asks to wait, where it does. */
    readonly retryAfterMs: number | null,
    readonly idempotencyKey: string | null,
  ) {
    super(`${status} ${code}: ${reason} (request ${requestId})`);
  }

  /** The first place that is wrong, such as `body.items.0.trial_item_category`. */
  get field(): string | null {
    return this.detail[0]?.loc.join(".") ?? null;
  }
}

/** 401: the key is missing, misspelt, revoked or expired. */
export class AuthenticationError extends APIError {}
/** 402: nothing was charged; top up and send the same again. */
export class InsufficientBalance extends APIError {}
/** 403: the key may not do this. */
export class PermissionDenied extends APIError {}
/** 404: there is no such thing, or it is another tenant's. */
export class NotFound extends APIError {}
/** 409: something else came first. */
export class Conflict extends APIError {}
/** Every other 4xx; `field` says what of it. */
export class InvalidRequest extends APIError {}
/** 429, after the retries. */
export class RateLimited extends APIError {}
/** 5xx, after the retries. */
export class ServerError extends APIError {}

const CLASSES: Readonly<Record<number, typeof APIError>> = {
  401: AuthenticationError,
  402: InsufficientBalance,
  403: PermissionDenied,
  404: NotFound,
  409: Conflict,
  429: RateLimited,
};

interface Envelope {
  readonly error?: { readonly code?: string; readonly message?: string; readonly request_id?: string };
  readonly detail?: ReadonlyArray<ValidationErrorItem>;
}

/** The error for an answer that is not 2xx; it is not thrown. */
export async function errorOf(answer: Response, key: string | null): Promise<APIError> {
  const Kind = CLASSES[answer.status] ?? (answer.status >= 500 ? ServerError : InvalidRequest);
  const text = await answer.text();
  const said = envelope(text);
  const asked = answer.headers.get("retry-after");
  return new Kind(
    answer.status,
    said.error?.code ?? "UNREADABLE_ANSWER",
    said.error?.message ?? text.slice(0, 200),
    said.error?.request_id ?? answer.headers.get("x-request-id") ?? "",
    Array.isArray(said.detail) ? said.detail : [],
    asked !== null && /^\d+$/.test(asked) ? Number(asked) * 1000 : null,
    key,
  );
}

function envelope(text: string): Envelope {
  try {
    return (JSON.parse(text) as Envelope | null) ?? {};
  } catch {
    return {};
  }
}
