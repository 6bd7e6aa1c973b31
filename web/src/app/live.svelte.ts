/**
 * What others change, as it happens: one stream for all that is shown.
 *
 * Where no stream passes, whoever listens is told every few seconds that anything may have changed,
 * and the page says so. The stream is tried again meanwhile.
 */
import { changes, createHoldfast } from "holdfast-client";
import type { Change } from "./api.ts";
import { noticeEnd } from "./session.svelte.ts";

/** `starting` until the first answer; `polling` where streams do not pass; `offline` without a network. */
export type Connection = "starting" | "live" | "polling" | "offline";

/** Told of a change; of undefined where anything may have changed: ask anew for all you show. */
export type Listener = (change: Change | undefined) => void;

const POLL_MILLISECONDS = 4_000;
const STREAM_BEGINS_WITHIN = 6_000;
const STREAM_AGAIN_AFTER = 30_000;
const SILENCE_MILLISECONDS = 45_000;
const PATIENCE_MILLISECONDS = 5_000;

const state = $state<{ connection: Connection }>({ connection: "starting" });
const listeners = new Set<Listener>();
let running: AbortController | undefined;

export function connection(): Connection {
  return state.connection;
}

/** Listens until the function that it gives is called. */
export function onChange(listener: Listener): () => void {
  listeners.add(listener);
  return () => {
    listeners.delete(listener);
  };
}

function tell(change: Change | undefined): void {
  for (const listener of [...listeners]) {
    listener(change);
  }
}

/** Begins to listen to the service; what was begun before ends. */
export function startLive(): void {
  stopLive();
  state.connection = "starting";
  running = new AbortController();
  const { signal } = running;
  addEventListener("online", startLive, { signal });
  // No network is not no service: what runs on this very machine is there all the same.
  addEventListener("offline", startLive, { signal });
  void keepStreaming(signal);
  void keepAsking(signal);
}

export function stopLive(): void {
  running?.abort();
  running = undefined;
}

async function keepStreaming(signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await stream(signal);
    await pause(STREAM_AGAIN_AFTER, signal);
  }
}

/** Tells of the stream's events, until it does not begin in time, or ends for good. */
async function stream(signal: AbortSignal): Promise<void> {
  const attempt = new AbortController();
  const stop = () => {
    attempt.abort();
  };
  signal.addEventListener("abort", stop);
  const timer = setTimeout(stop, STREAM_BEGINS_WITHIN);
  let hasBegun = false;
  // A stream that breaks off is opened anew by the client, which says nothing of it: this does.
  const watched = async (request: Request) => {
    if (hasBegun) {
      note(false, signal);
    }
    try {
      const response = await fetch(request);
      note(response.ok && hasBegun, signal);
      return response;
    } catch (error) {
      note(false, signal);
      throw error;
    }
  };
  const client = createHoldfast({ baseUrl: location.origin, fetch: watched });
  const options = { signal: attempt.signal, silence: SILENCE_MILLISECONDS };
  try {
    for await (const event of changes(client, options)) {
      if (event.event === "begun") {
        clearTimeout(timer);
        hasBegun = true;
        note(true, signal);
      }
      tell(event.event === "availability_changed" ? event.change : undefined);
    }
  } catch (error) {
    noticeEnd(error);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", stop);
    note(false, signal);
  }
}

/** Takes note of whether the stream is open; `keepAsking` finds out what else there is. */
function note(isOpen: boolean, signal: AbortSignal): void {
  if (signal.aborted) {
    return;
  }
  if (isOpen) {
    state.connection = "live";
  } else if (state.connection === "live") {
    state.connection = "starting";
  }
}

/** While no stream is open: asks whether the service is there, and has everything asked anew. */
async function keepAsking(signal: AbortSignal): Promise<void> {
  await pause(POLL_MILLISECONDS / 4, signal);
  while (!signal.aborted) {
    if (state.connection !== "live") {
      const patience = AbortSignal.any([signal, AbortSignal.timeout(PATIENCE_MILLISECONDS)]);
      const isThere = await fetch("/healthz", { signal: patience, cache: "no-store" }).then(
        (response) => response.ok,
        () => false,
      );
      // The stream may have begun, or this have ended, meanwhile.
      if (!signal.aborted && connection() !== "live") {
        state.connection = isThere ? "polling" : "offline";
        if (isThere) {
          tell(undefined);
        }
      }
    }
    await pause(POLL_MILLISECONDS, signal);
  }
}

/** Waits, unless the signal says that it is over. */
function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, milliseconds);
    signal.addEventListener("abort", done);
    if (signal.aborted) {
      done();
    }
  });
}
