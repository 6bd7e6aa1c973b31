/** One facility in a week, as it is now. */
import { untrack } from "svelte";
import { api, type Change, type FacilityDetail, ok } from "../app/api.ts";
import { now } from "../app/clock.svelte.ts";
import { onChange } from "../app/live.svelte.ts";
import { noticeEnd } from "../app/session.svelte.ts";
import { onOwnChange } from "../book/begin.svelte.ts";
import { addDays, type Day, dayIn, isDay, mondayOf } from "../time/zones.ts";
import { forgotten, isNew, type Line, compared, lineOf, NEWS_MILLISECONDS } from "./line.ts";
import { gather, REFRESH_MILLISECONDS } from "./news.ts";
import { timelineOf } from "./pages.ts";
import { windowOf } from "./window.ts";

const DAYS = 7;

export class Week {
  facility = $state.raw<FacilityDetail>();
  lines = $state.raw<readonly Line[]>([]);
  error = $state.raw<unknown>();
  readonly today = $derived(this.facility ? dayIn(this.facility.time_zone, now()) : "");
  readonly monday: Day = $derived.by(() => {
    const day = this.#day();
    const wanted = isDay(day) ? day : this.today;
    return wanted === "" ? "" : mondayOf(wanted);
  });
  readonly sunday = $derived(this.monday === "" ? "" : addDays(this.monday, DAYS - 1));

  readonly #id: number;
  readonly #day: () => string;
  #running = new AbortController();
  #turn = 0;
  readonly #news = gather(() => this.#ask());

  /** The week in which the day lies, or else the present one. */
  constructor(id: number, day: () => string) {
    this.#id = id;
    this.#day = day;
    $effect(() => {
      const { monday } = this;
      untrack(() => {
        this.#running.abort();
        this.#running = new AbortController();
        // Which week it is, if no address says so, only the facility's clock can tell.
        void (monday === "" ? this.again() : this.#ask());
      });
    });
    $effect(() => {
      const leave = onChange((change) => {
        if (this.#concerns(change)) {
          this.#news.all();
        }
      });
      const leaveOwn = onOwnChange(() => {
        this.#news.all();
      });
      const timer = setInterval(() => {
        this.#news.all();
      }, REFRESH_MILLISECONDS);
      return () => {
        leave();
        leaveOwn();
        clearInterval(timer);
        this.#running.abort();
        this.#news.stop();
      };
    });
  }

  /** Asks for the facility itself, whose clock says which week it is. */
  async again(): Promise<void> {
    try {
      const params = { path: { id: this.#id } };
      this.facility = await ok(api.GET("/api/v1/facilities/{id}/", { params }));
      this.error = undefined;
    } catch (error) {
      noticeEnd(error);
      this.error = error;
    }
  }

  #concerns(change: Change | undefined): boolean {
    if (change?.facility_id === undefined) {
      return true;
    }
    if (change.facility_id === this.#id && change.record === "facility") {
      void this.again();
    }
    return change.facility_id === this.#id;
  }

  async #ask(): Promise<void> {
    const { signal } = this.#running;
    const turn = ++this.#turn;
    if (this.facility === undefined) {
      await this.again();
    }
    const { facility, monday } = this;
    if (facility === undefined || monday === "" || signal.aborted) {
      return;
    }
    try {
      const window = windowOf(monday, DAYS, [facility.time_zone]);
      const timeline = await timelineOf(this.#id, {}, window, signal);
      signal.throwIfAborted();
      if (turn !== this.#turn) {
        return; // Who asked later knows more.
      }
      const before = new Map(this.lines.map((line) => [line.key, line]));
      const days = Array.from({ length: DAYS }, (_, index) => addDays(monday, index));
      this.lines = timeline
        ? days.map((day) => compared(before.get(day), lineOf(day, timeline, day, window)))
        : [];
      this.error = undefined;
      this.#forgetNews();
    } catch (error) {
      if (!signal.aborted) {
        noticeEnd(error);
        this.error = error;
      }
    }
  }

  #forgetNews(): void {
    if (this.lines.some(isNew)) {
      setTimeout(() => {
        this.lines = this.lines.map(forgotten);
      }, NEWS_MILLISECONDS);
    }
  }
}
