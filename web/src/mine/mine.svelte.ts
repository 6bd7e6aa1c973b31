/** My bookings, as they are now: those to come, and those that are over or given up, latest first. */
import { untrack } from "svelte";
import { api, type BookingSummary, type Change, each, ok } from "../app/api.ts";
import { now } from "../app/clock.svelte.ts";
import { onChange } from "../app/live.svelte.ts";
import { noticeEnd } from "../app/session.svelte.ts";
import { onOwnChange } from "../book/begin.svelte.ts";
import { addDays, dayIn, read } from "../time/zones.ts";
import { isToCome } from "./days.ts";

/** How many days of the past are asked for at first; twice as many each time that there is little. */
const PAST_DAYS = 28;
/** How far back there is anything to ask for: further than anybody looks. */
const MOST_DAYS = 10 * 365;
const MORE = 20;

export class Mine {
  error = $state.raw<unknown>();
  /** Whether there may be more of the past. */
  hasMore = $state(true);

  /** From today on, and what was there before, each as the service last told it. */
  #coming = $state.raw<BookingSummary[]>();
  #before = $state.raw<BookingSummary[]>([]);
  #today = dayIn("UTC", Date.now());
  #since = this.#today;
  #days = PAST_DAYS;
  #isLoading = false;
  #isStale = false;

  readonly upcoming = $derived.by(() => this.#coming?.filter((it) => isToCome(it, now())));
  readonly past = $derived.by(() => {
    const all = [...this.#before, ...(this.#coming ?? [])];
    const once = new Map(all.map((it) => [it.id, it]));
    return [...once.values()]
      .filter((it) => !isToCome(it, now()))
      .sort((one, other) => read(other.start_time) - read(one.start_time));
  });

  constructor() {
    $effect(() => {
      untrack(() => void this.load());
      const leave = [
        onChange((change) => {
          if (mayBeMine(change)) {
            void this.load();
          }
        }),
        onOwnChange(() => void this.load()),
      ];
      return () => {
        for (const stop of leave) {
          stop();
        }
      };
    });
  }

  /** Asks for what is to come; once more where something changes meanwhile. */
  async load(): Promise<void> {
    this.#isStale = true;
    if (this.#isLoading) {
      return;
    }
    this.#isLoading = true;
    try {
      while (this.#isStale) {
        this.#isStale = false;
        this.#coming = await list({ start_date: this.#today });
      }
      this.error = undefined;
    } catch (error) {
      noticeEnd(error);
      this.error = error;
    } finally {
      this.#isLoading = false;
    }
  }

  /** Goes further back, until there are some more or there is nothing further. */
  async goBack(): Promise<void> {
    const wanted = this.past.length + MORE;
    try {
      while (this.hasMore && this.past.length < wanted) {
        const start = addDays(this.#since, -this.#days);
        const found = await list({ start_date: start, end_date: this.#since });
        this.#before = [...found, ...this.#before];
        this.#since = start;
        this.#days *= 2;
        this.hasMore = this.#days < MOST_DAYS;
      }
      this.error = undefined;
    } catch (error) {
      noticeEnd(error);
      this.error = error;
    }
  }
}

/** A change of a booking names it to its user; the other changes may be of names, or of hours. */
function mayBeMine(change: Change | undefined): boolean {
  return change?.record !== "booking" || change.booking_id !== undefined;
}

async function list(query: { start_date: string; end_date?: string }): Promise<BookingSummary[]> {
  const found: BookingSummary[] = [];
  const params = { query: { ...query, limit: 200 } };
  for await (const booking of each(api, "/api/v1/me/bookings/", { params })) {
    found.push(booking);
  }
  return found;
}

/** A booking in full, of which a list has only the most important. */
export function whole(id: number) {
  return ok(api.GET("/api/v1/bookings/{id}/", { params: { path: { id } } }));
}
