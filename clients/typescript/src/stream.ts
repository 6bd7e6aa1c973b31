import type { Holdfast } from "./client.ts";
import { type Block, EventReader } from "./events.ts";
import { errorOf, mediaType, type Schemas, retryAfter, unexpected } from "./problems.ts";
import { backoff, pause, standardRetry } from "./retry.ts";

/**
 * The stream has begun: what is searched for from now on, the stream keeps up to date. It comes
 * once, before anything else; after a break, the stream goes on where it was.
 */
export interface Begun {
  event: "begun";
  id: string;
}

/** Something changed what is free. */
export interface Changed {
  event: "availability_changed";
  id: string;
  change: Schemas["AvailabilityChange"];
}

/** Events are missing: search anew for all you show. What follows is complete again. */
export interface Resynced {
  event: "resync";
  id: string;
  resync: Schemas["Resync"];
}

export type StreamEvent = Begun | Changed | Resynced;

export interface StreamOptions {
  /** Only what concerns this facility. */
  facilityId?: number;
  /** Only what concerns this site and the facilities at it. */
  siteId?: number;
  /** Go on behind the event of this id, which an earlier run has seen. */
  lastEventId?: string;
  /** Ends the iteration. */
  signal?: AbortSignal;
  /** After how many milliseconds without a heartbeat the connection is taken for dead. */
  silence?: number;
}

/** What comes and goes: to these replies one comes back, to other errors one does not. */
const passing = new Set([429, 500, 502, 503, 504]);

const comingBack = { ...standardRetry, firstWait: 1000, longestWait: 30_000 };

/**
 * What changes, of one facility, of one site, or of all, for as long as it is iterated over.
 *
 * A connection that ends is opened anew, and nothing is lost or repeated. Throws a `ProblemError`
 * where coming back is of no use, such as when the token has ended, and the error of `fetch` if the
 * first connection never comes about: `fetch` does not tell a service that is away from an address
 * that can never be right.
 */
export async function* changes(
  client: Holdfast,
  options: StreamOptions = {},
): AsyncGenerator<StreamEvent, void, undefined> {
  const signal = options.signal ?? new AbortController().signal;
  let lastId = options.lastEventId ?? "";
  let isAnswered = false;
  let hasBegun = false;
  let failures = 0;
  while (!signal.aborted) {
    const connection = new AbortController();
    const stop = () => {
      connection.abort();
    };
    signal.addEventListener("abort", stop);
    const reader = new EventReader(lastId);
    const request = requestOf(client, options, lastId, connection.signal);
    const response = await client.sendOnce(request).catch((error: unknown) => {
      if (!isAnswered && !signal.aborted) {
        throw error;
      }
      ifBroken(error);
      return undefined;
    });
    isAnswered ||= response !== undefined;
    try {
      if (response !== undefined && (await isStream(response))) {
        for await (const chunk of pieces(response, options.silence ?? 60_000)) {
          for (const block of reader.feed(chunk)) {
            failures = 0;
            lastId = block.lastId;
            if (!hasBegun) {
              hasBegun = true;
              yield { event: "begun", id: lastId };
            }
            const event = eventOf(block, response);
            if (event !== undefined) {
              yield event;
            }
          }
        }
      }
    } finally {
      signal.removeEventListener("abort", stop);
      connection.abort();
    }
    failures += 1;
    const asked = response === undefined ? undefined : retryAfter(response);
    const wanted = failures === 1 ? reader.retry : undefined;
    const wait = Math.max((asked ?? 0) * 1000, wanted ?? backoff(comingBack, failures));
    await pause(wait, signal).catch(() => undefined);
  }
}

function requestOf(
  client: Holdfast,
  { facilityId, siteId }: StreamOptions,
  lastId: string,
  signal: AbortSignal,
): Request {
  const url = new URL(`${client.baseUrl}/api/v1/availability/stream`);
  if (facilityId !== undefined) {
    url.searchParams.set("facility_id", String(facilityId));
  }
  if (siteId !== undefined) {
    url.searchParams.set("site_id", String(siteId));
  }
  const headers = new Headers({ accept: "text/event-stream" });
  if (lastId !== "") {
    headers.set("last-event-id", lastId);
  }
  return new Request(url, { headers, signal, cache: "no-store" });
}

/** Whether the reply is a stream; throws if it never will be one. */
async function isStream(response: Response): Promise<boolean> {
  if (response.ok) {
    if (mediaType(response) !== "text/event-stream") {
      throw unexpected(response, "where a stream was expected");
    }
    return true;
  }
  if (passing.has(response.status)) {
    return false;
  }
  throw errorOf(response, await response.json().catch(() => undefined));
}

/** The pieces of a body, until it ends, breaks off, or has been silent for too long. */
async function* pieces(
  response: Response,
  silence: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  const reader = response.body?.getReader();
  for (;;) {
    const timer = setTimeout(() => {
      void reader?.cancel();
    }, silence);
    const piece = await reader?.read().catch(ifBroken);
    clearTimeout(timer);
    if (piece?.value === undefined) {
      return;
    }
    yield piece.value;
  }
}

/** What the block tells; undefined of one without data, and of events that came to be later. */
function eventOf({ event, data, lastId }: Block, response: Response): StreamEvent | undefined {
  if (data === undefined) {
    return undefined;
  }
  switch (event) {
    case "availability_changed":
      return { event, id: lastId, change: parsed(data, response) as Changed["change"] };
    case "resync":
      return { event, id: lastId, resync: parsed(data, response) as Resynced["resync"] };
    default:
      return undefined;
  }
}

function parsed(data: string, response: Response): unknown {
  try {
    return JSON.parse(data);
  } catch {
    throw unexpected(response, "in which an event is no JSON");
  }
}

/** Nothing, where a connection broke, which `fetch` reports as a TypeError, or was broken off. */
function ifBroken(error: unknown): undefined {
  if (
    error instanceof TypeError ||
    (error instanceof DOMException && error.name === "AbortError")
  ) {
    return undefined;
  }
  throw error;
}
