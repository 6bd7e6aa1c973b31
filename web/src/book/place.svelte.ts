/** A facility's day, as it is now: what the times of a booking are chosen from. */
import { untrack } from "svelte";
import { api, type Change, ok } from "../app/api.ts";
import { onChange } from "../app/live.svelte.ts";
import { noticeEnd } from "../app/session.svelte.ts";
import { addDays, type Day, MINUTE, startOf, wire } from "../time/zones.ts";
import type { Timeline } from "./times.ts";

export interface Asked {
  facilityId: number;
  zone: string;
  day: Day;
}

interface Found {
  timeline: Timeline | undefined;
  day: Day;
}

/** A booking that begins on the day may end on the next. */
const PAST_MIDNIGHT = 8 * 60 * MINUTE;

export class Place {
  error = $state.raw<unknown>();
  #found = $state.raw<Found>();
  #turn = 0;
  readonly #asked: () => Asked;

  /** Asks for what `asked` says, and again whenever that or the day changes. */
  constructor(asked: () => Asked, known?: Timeline) {
    this.#asked = asked;
    this.#found = known && { timeline: known, day: asked().day };
    $effect(() => {
      const wanted = asked();
      const running = new AbortController();
      untrack(() => void this.#load(wanted, running.signal));
      const leave = onChange((change?: Change) => {
        const isIts = change?.facility_id === undefined || change.facility_id === wanted.facilityId;
        if (isIts) {
          void this.#load(wanted, running.signal);
        }
      });
      return () => {
        leave();
        running.abort();
      };
    });
  }

  /** The day that is asked for; undefined until it is known. */
  get timeline(): Timeline | undefined {
    return this.#found?.day === this.#asked().day ? this.facts : undefined;
  }

  /** What holds on whatever day: the facility's rules, and why the user may not book it. */
  get facts(): Timeline | undefined {
    const timeline = this.#found?.timeline;
    return timeline?.facility.id === this.#asked().facilityId ? timeline : undefined;
  }

  async #load({ facilityId, zone, day }: Asked, signal: AbortSignal): Promise<void> {
    const turn = ++this.#turn;
    const query = {
      facility_id: facilityId,
      start_time: wire(startOf(day, zone)),
      end_time: wire(startOf(addDays(day, 1), zone) + PAST_MIDNIGHT),
    };
    try {
      const [timeline] = await ok(
        api.GET("/api/v1/availability/timeline", { params: { query }, signal }),
      );
      if (turn !== this.#turn) {
        return; // Who asked later knows more.
      }
      this.#found = { timeline, day };
      this.error = undefined;
    } catch (error) {
      if (!signal.aborted) {
        noticeEnd(error);
        this.error = error;
      }
    }
  }
}
