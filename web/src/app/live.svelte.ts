/**
 * What others change, as it happens: one stream for all that is shown.
 *
 * Where no stream passes, whoever listens is told every few seconds that anything may have changed,
 * and the page says so. The stream is tried again meanwhile.
 */
import { changes } from "holdfast-client";
import { api, type Change } from "./api.ts";
import { noticeEnd } from "./session.svelte.ts";

/** `starting` until the first answer; `polling` where streams do not pass; `offline` without a network. */
export type Connection = "starting" | "live" | "polling" | "offline";

/** Told of a change; of undefined where anything may have changed: ask anew for all you show. */
export type Listener = (change: Change | undefined) => void;

const POLL_MILLISECONDS = 4_000;
const STREAM_MUST_BEGIN_WITHIN = 6_000;
const TRY_STREAM_AGAIN_AFTER = 60_000;

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
  running = new AbortController();
  void keepListening(running.signal);
}

export function stopLive(): void {
  running?.abort();
  running = undefined;
}

async function keepListening(signal: AbortSignal): Promise<void> {
  const wentOnline = () => {
    startLive();
    tell(undefined);
  };
  const wentOffline = () => {
    state.connection = "offline";
  };
  addEventListener("online", wentOnline, { signal });
  addEventListener("offline", wentOffline, { signal });
  while (!signal.aborted) {
    await stream(signal);
    if (!signal.aborted) {
      await poll(signal, TRY_STREAM_AGAIN_AFTER);
    }
  }
}

/** Tells of the stream's events, until it fails to begin in time or for good. */
async function stream(signal: AbortSignal): Promise<void> {
  const attempt = new AbortController();
  const stop = () => {
    attempt.abort();
  };
  signal.addEventListener("abort", stop);
  const timer = setTimeout(stop, STREAM_MUST_BEGIN_WITHIN);
  try {
    for await (const event of changes(api, { signal: attempt.signal, silence: 45_000 })) {
      clearTimeout(timer);
      if (event.event === "begun") {
        if (state.connection !== "live") {
          tell(undefined);
        }
        state.connection = "live";
      } else if (event.event === "availability_changed") {
        tell(event.change);
      } else {
        tell(undefined);
      }
    }
  } catch (error) {
    noticeEnd(error);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", stop);
  }
}

async function poll(signal: AbortSignal, milliseconds: number): Promise<void> {
  const end = Date.now() + milliseconds;
  while (!signal.aborted && Date.now() < end) {
    const isThere = await fetch("/healthz", { signal, cache: "no-store" }).then(
      (response) => response.ok,
      () => false,
    );
    if (signal.aborted) {
      return;
    }
    state.connection = isThere ? "polling" : "offline";
    if (isThere) {
      tell(undefined);
    }
    await new Promise((resolve) => {
      const timer = setTimeout(resolve, POLL_MILLISECONDS);
      signal.addEventListener("abort", () => {
        clearTimeout(timer);
        resolve(undefined);
      });
    });
  }
}
