/** My bookings, as they are now: those to come, and those that are over or cancelled, latest first. */
import { untrack } from "svelte";
import { api, type BookingSummary, each, ok } from "../app/api.ts";
import { onChange } from "../app/live.svelte.ts";
import { noticeEnd } from "../app/session.svelte.ts";
import { onOwnChange } from "../book/begin.svelte.ts";
import { addDays, dayIn, read } from "../time/zones.ts";

/** How many days of the past are asked for at a time. */
const PAST_DAYS = 28;
/** How far back there is anything to ask for: further than anybody looks. */
const MOST_DAYS = 10 * 365;
const MORE = 20;

export class Mine {
  upcoming = $state.raw<BookingSummary[]>();
  past = $state.raw<BookingSummary[]>([]);
  error = $state.raw<unknown>();
  /** Whether there may be more of the past. */
  hasMore = $state(true);

  #since = dayIn("UTC", Date.now());
  #days = PAST_DAYS;

  constructor() {
    $effect(() => {
      untrack(() => void this.load());
      const leave = [onChange(() => void this.load()), onOwnChange(() => void this.load())];
      return () => {
        for (const each of leave) {
          each();
        }
      };
    });
  }

  /** Asks for what is to come, and for as much of the past as is shown, or a little. */
  async load(): Promise<void> {
    try {
      const [upcoming, past] = await Promise.all([
        this.#list({ start_date: dayIn("UTC", Date.now()) }),
        this.#list({ start_date: this.#since, end_date: dayIn("UTC", Date.now()) }),
      ]);
      this.upcoming = upcoming.filter((each) => isToCome(each));
      const rest = new Map([...past, ...upcoming].map((each) => [each.id, each]));
      this.past = [...rest.values()]
        .filter((each) => !isToCome(each))
        .sort((a, b) => read(b.start_time) - read(a.start_time));
      this.error = undefined;
    } catch (error) {
      noticeEnd(error);
      this.error = error;
    }
  }

  /** Goes further back, until there are some more or there is nothing further. */
  async goBack(): Promise<void> {
    const before = this.past.length;
    while (this.hasMore && this.past.length < before + MORE) {
      this.#since = addDays(this.#since, -this.#days);
      this.#days *= 2;
      this.hasMore = this.#days < MOST_DAYS;
      await this.load();
      if (this.error !== undefined) {
        return;
      }
    }
  }

  async #list(query: { start_date: string; end_date?: string }): Promise<BookingSummary[]> {
    const found: BookingSummary[] = [];
    const params = { query: { ...query, limit: 200 } };
    for await (const booking of each(api, "/api/v1/me/bookings/", { params })) {
      found.push(booking);
    }
    return found;
  }
}

export function isToCome({ end_time, status }: BookingSummary): boolean {
  return status !== "cancelled" && read(end_time) > Date.now();
}

/** A booking in full, of which a list has only the most important. */
export function whole(id: number) {
  return ok(api.GET("/api/v1/bookings/{id}/", { params: { path: { id } } }));
}
