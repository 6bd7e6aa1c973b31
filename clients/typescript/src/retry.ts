import { takesIdempotencyKey } from "./contract.ts";
import { mediaType, retryAfter } from "./problems.ts";

/**
 * How often to try, and how long to wait in between, in milliseconds.
 *
 * The wait doubles each time, and chance shortens it, so that many clients do not come back at one
 * moment. A `Retry-After` is kept to; one longer than `longestWait` ends the tries.
 */
export interface Retry {
  attempts: number;
  firstWait: number;
  longestWait: number;
}

export const standardRetry: Retry = { attempts: 4, firstWait: 250, longestWait: 10_000 };

export const noRetry: Retry = { ...standardRetry, attempts: 1 };

export type Send = (request: Request) => Promise<Response>;

/**
 * The methods that RFC 9110 calls idempotent, but for DELETE: one that was carried out may be
 * answered 404 the next time, or 401 if it revoked the token itself, and nobody could tell that it
 * was done.
 */
const harmlessMethods = new Set(["GET", "HEAD", "OPTIONS", "PUT"]);

/** What the service, or what is before it, answers while it is away. */
const away = new Set([502, 503, 504]);

/** What is read as it comes. Everything else is read at once, so that a break in it is noticed. */
const streamed = new Set(["text/event-stream", "text/csv"]);

/** What Node.js says of a connection that never came about. A browser does not tell. */
const neverSent = new Set(["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "UND_ERR_CONNECT_TIMEOUT"]);

/**
 * Sends what may be sent again until it is answered; gives up on each try after `timeout` ms.
 *
 * A request may be repeated if that does no harm: by its method, or because its operation takes an
 * `Idempotency-Key`, which it gets if it has none. What is not known to be harmless is repeated only
 * if the service cannot have begun with it.
 */
export function retrying(send: Send, retry: Retry, timeout: number): Send {
  return async (request) => {
    const keyed = takesKey(request);
    if (keyed && !request.headers.has("idempotency-key")) {
      request.headers.set("idempotency-key", crypto.randomUUID());
    }
    const isHarmless = keyed || harmlessMethods.has(request.method);
    for (let attempt = 1; ; attempt += 1) {
      let wait: number | undefined;
      try {
        const response = await once(send, request, timeout);
        if (!(await passes(response, isHarmless))) {
          return response;
        }
        wait = waitAfter(retry, attempt, retryAfter(response));
        if (wait === undefined) {
          return response;
        }
        await response.body?.cancel();
      } catch (error) {
        const mayRepeat = isHarmless || neverSent.has(codeOf(error));
        wait = mayRepeat && !request.signal.aborted ? waitAfter(retry, attempt) : undefined;
        if (wait === undefined) {
          throw error;
        }
      }
      await pause(wait, request.signal);
    }
  };
}

/** How long to wait after the `attempt`-th try in vain, where nothing is asked. */
export function backoff(retry: Retry, attempt: number): number {
  const longest = Math.min(retry.longestWait, retry.firstWait * 2 ** (attempt - 1));
  return longest * (0.5 + Math.random() / 2);
}

/** Wait so many milliseconds; throws the signal's reason as soon as it is aborted. */
export function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(signal.reason as Error);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener("abort", stop);
      resolve();
    }, milliseconds);
    signal.addEventListener("abort", stop, { once: true });
    if (signal.aborted) {
      stop();
    }
  });
}

async function once(send: Send, request: Request, timeout: number): Promise<Response> {
  const signal = AbortSignal.any([request.signal, AbortSignal.timeout(timeout)]);
  const response = await send(new Request(request.clone(), { signal }));
  if (response.body !== null && !streamed.has(mediaType(response))) {
    await response.clone().arrayBuffer();
  }
  return response;
}

function takesKey(request: Request): boolean {
  const { pathname } = new URL(request.url);
  return takesIdempotencyKey.some(
    ([method, path]) => request.method === method && pathname.endsWith(path),
  );
}

/** Whether the same request may be answered otherwise before long, and may be repeated. */
async function passes(response: Response, isHarmless: boolean): Promise<boolean> {
  if (response.status === 429) {
    return true; // It says that nothing was done.
  }
  if (response.status === 409 && mediaType(response) === "application/problem+json") {
    const problem = (await response.clone().json()) as { type?: unknown };
    return problem.type === "idempotency_key_in_use";
  }
  return away.has(response.status) && isHarmless;
}

function waitAfter(retry: Retry, attempt: number, asked = 0): number | undefined {
  if (attempt >= retry.attempts || asked * 1000 > retry.longestWait) {
    return undefined;
  }
  return Math.max(asked * 1000, backoff(retry, attempt));
}

function codeOf(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined;
  return cause instanceof Error && "code" in cause ? String(cause.code) : "";
}
