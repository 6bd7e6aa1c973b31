/**
 * One facility's timeline, kept up to date for as long as a display hangs there.
 *
 * What was last heard stays: it reaches a month ahead, so that a door without a network still tells
 * free from taken, and says since when it has heard nothing.
 */
import { api, isProblem, ok, type Schemas } from "../app/api.ts";
import { connection, onChange } from "../app/live.svelte.ts";
import { isOver, noticeEnd } from "../app/session.svelte.ts";
import { wire } from "../time/zones.ts";
import { blocksOf, LOOK_AHEAD, quarterAt } from "./state.ts";

const AGAIN_AFTER = 5_000;
/** What no change tells of: time that passes, and rules that depend on it. */
const ANEW_AFTER = 5 * 60_000;
/** Changes that come together are asked for once. */
const GATHER = 100;

export class Door {
  readonly facilityId: number;
  timeline = $state.raw<Schemas["FacilityTimeline"]>();
  /** Why there is nothing to show, such as that there is no such facility. */
  error = $state.raw<unknown>();
  /** Since when the service is not heard of. */
  lostAt = $state<number>();
  /** From when and until when `timeline` is known. */
  start = $state(0);
  horizon = $state(0);
  blocks = $derived(this.timeline ? blocksOf(this.timeline) : []);

  #timer: ReturnType<typeof setTimeout> | undefined;
  #isLoading = false;
  #isStale = false;
  #isClosed = false;

  constructor(facilityId: number) {
    this.facilityId = facilityId;
  }

  /** Follows the facility until the function that it gives is called. For an effect. */
  follow(): () => void {
    const forget = onChange((change) => {
      const concerned = change?.facility_id;
      if (concerned === undefined || concerned === this.facilityId) {
        this.#soon();
      }
    });
    const woken = () => {
      this.#soon();
    };
    document.addEventListener("visibilitychange", woken);
    void this.load();
    return () => {
      this.#isClosed = true;
      clearTimeout(this.#timer);
      document.removeEventListener("visibilitychange", woken);
      forget();
    };
  }

  /** Takes note of what the page knows of the connection. For an effect. */
  heed(): void {
    if (connection() === "offline") {
      this.lostAt ??= Date.now();
    } else if (!isOver()) {
      this.#soon();
    }
  }

  /** Asks anew where a clock that was put right shows a time of which nothing is known. For an effect. */
  heedClock(now: number): void {
    if (this.timeline && (now < this.start || now >= this.horizon)) {
      this.#soon();
    }
  }

  async load(): Promise<void> {
    if (this.#isLoading) {
      this.#isStale = true;
      return;
    }
    this.#isLoading = true;
    clearTimeout(this.#timer);
    let wait = ANEW_AFTER;
    try {
      await this.#ask();
      this.lostAt = undefined;
    } catch (error) {
      noticeEnd(error);
      if (isProblem(error, "not_found")) {
        this.timeline = undefined;
        this.error = error;
      } else {
        this.error = error;
        this.lostAt ??= Date.now();
        wait = AGAIN_AFTER;
      }
    }
    this.#isLoading = false;
    this.#later(this.#isStale ? GATHER : wait);
    this.#isStale = false;
  }

  async #ask(): Promise<void> {
    const start = quarterAt(Date.now());
    const horizon = start + LOOK_AHEAD;
    const query = {
      facility_id: this.facilityId,
      start_time: wire(start),
      end_time: wire(horizon),
    };
    const [timeline] = await ok(api.GET("/api/v1/availability/timeline", { params: { query } }));
    this.timeline = timeline;
    this.start = start;
    this.horizon = horizon;
    this.error = undefined;
  }

  #soon(): void {
    if (this.#isLoading) {
      this.#isStale = true;
    } else {
      this.#later(GATHER);
    }
  }

  #later(milliseconds: number): void {
    if (!this.#isClosed) {
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => void this.load(), milliseconds);
    }
  }
}
