/** The timelines of facilities on a day, as they are now. */
import { untrack } from "svelte";
import { api, type Change, each, type Site } from "../app/api.ts";
import { onChange } from "../app/live.svelte.ts";
import { noticeEnd } from "../app/session.svelte.ts";
import { onOwnChange } from "../book/begin.svelte.ts";
import { type Day, here, read } from "../time/zones.ts";
import {
  compared,
  forgotten,
  isNew,
  type Line,
  lineOf,
  NEWS_MILLISECONDS,
  type Stretch,
  type Timeline,
} from "./line.ts";
import { gather, REFRESH_MILLISECONDS } from "./news.ts";
import { type Conditions, type Page, pages, timelineOf } from "./pages.ts";
import { windowOf } from "./window.ts";

export interface Asked {
  day: Day;
  conditions: Conditions;
}

/** After what failed it is asked again at this distance. */
const AGAIN_MILLISECONDS = 5_000;

export class Days {
  sites = $state.raw<Site[]>([]);
  lines = $state.raw<readonly Line[]>([]);
  /** What went wrong, where nothing can be shown. */
  error = $state.raw<unknown>();
  /** Whether all that was asked for is there. */
  isWhole = $state(false);
  /** How many facilities there are without any condition, where that was ever asked. */
  total = $state(0);
  amenities = $state.raw<readonly string[]>([]);

  readonly #asked: () => Asked;
  /** The zones whose days are asked for. */
  #zones = new Set([here]);
  #window: Stretch = { start: 0, end: 0 };
  #pages: Page[] = [];
  #running = new AbortController();
  /** Whether something changed while it was being asked for, which the answer may not know. */
  #hasMissed = false;
  readonly #news = gather((ids) => (ids ? this.#askFor(ids) : this.#askAgain()));

  /** Asks for what `asked` says, and again whenever that or anything shown changes. */
  constructor(asked: () => Asked) {
    this.#asked = asked;
    $effect(() => {
      const wanted = asked();
      untrack(() => void this.#begin(wanted));
    });
    $effect(() => {
      const leave = onChange((change) => {
        this.#hear(change);
      });
      // What was made here shows at once, even where no stream tells of it.
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

  /** Begins anew, after an error. */
  again(): void {
    void this.#begin(this.#asked());
  }

  async #begin(wanted: Asked): Promise<void> {
    this.#running.abort();
    this.#running = new AbortController();
    const { signal } = this.#running;
    this.isWhole = false;
    this.#pages = [];
    try {
      if (this.sites.length === 0) {
        await this.#askForSites(signal);
      }
      await this.#load(wanted, signal);
      this.error = undefined;
    } catch (error) {
      if (!signal.aborted) {
        noticeEnd(error);
        this.error = error;
      }
    }
  }

  async #askForSites(signal: AbortSignal): Promise<void> {
    const sites: Site[] = [];
    for await (const site of each(api, "/api/v1/sites/", {
      params: { query: { limit: 200 } },
      signal,
    })) {
      sites.push(site);
    }
    this.sites = sites;
    this.#zones = new Set(sites.map(({ time_zone }) => time_zone));
    if (sites.length === 0) {
      this.#zones.add(here);
    }
  }

  /** Shows page after page as it comes, unless the whole is there already. */
  async #load(wanted: Asked, signal: AbortSignal): Promise<void> {
    const window = windowOf(wanted.day, 1, this.#zones);
    const isSame = window.start === this.#window.start && window.end === this.#window.end;
    const known = isSame ? this.#pages : [];
    this.#window = window;
    const got: Page[] = [];
    for await (const page of pages(wanted.conditions, window, known, signal)) {
      signal.throwIfAborted();
      got.push(page);
      if (!this.isWhole) {
        this.#show(wanted, got);
      }
    }
    this.#pages = got;
    this.#show(wanted, got);
    if (this.#learnZones()) {
      await this.#load(wanted, signal);
      return;
    }
    this.isWhole = true;
    if (this.#hasMissed) {
      this.#hasMissed = false;
      this.#news.all();
    }
    if (Object.keys(wanted.conditions).length === 0) {
      this.total = this.lines.length;
    }
  }

  /** Facilities may have other clocks than their site: then their day was not asked for whole. */
  #learnZones(): boolean {
    const before = this.#zones.size;
    for (const { timeline } of this.lines) {
      this.#zones.add(timeline.facility.time_zone);
    }
    return this.#zones.size > before;
  }

  #show({ day }: Asked, got: readonly Page[]): void {
    const before = this.isWhole ? new Map(this.lines.map((line) => [line.key, line])) : new Map();
    const timelines = got.flatMap(({ items }) => items);
    this.lines = timelines.map((timeline) => this.#line(timeline, day, before));
    this.#learnAmenities(timelines);
    this.#forgetNews();
  }

  #line(timeline: Timeline, day: Day, before: ReadonlyMap<string, Line>): Line {
    const key = String(timeline.facility.id);
    return compared(before.get(key), lineOf(key, timeline, day, this.#window));
  }

  #learnAmenities(timelines: readonly Timeline[]): void {
    const all = new Set(this.amenities);
    const before = all.size;
    for (const amenity of timelines.flatMap(({ amenities }) => amenities)) {
      all.add(amenity);
    }
    if (all.size > before) {
      this.amenities = [...all].sort();
    }
  }

  #hear(change: Change | undefined): void {
    if (!this.isWhole && this.error === undefined) {
      this.#hasMissed = true;
    } else if (
      change === undefined ||
      change.facility_id === undefined ||
      change.record !== "booking"
    ) {
      // Of a facility that is not shown, a change may be that it is to be.
      this.#news.all();
    } else if (this.#concerns(change) && this.#find(change.facility_id)) {
      this.#news.one(change.facility_id);
    }
  }

  #concerns({ start_time, end_time }: Change): boolean {
    const { start, end } = this.#window;
    return (
      (start_time === undefined || read(start_time) < end) &&
      (end_time === undefined || read(end_time) > start)
    );
  }

  #find(facilityId: number): Line | undefined {
    const key = String(facilityId);
    return this.lines.find((line) => line.key === key);
  }

  async #askAgain(): Promise<void> {
    if (!this.isWhole) {
      // After an error, this is the time to try once more.
      await this.#begin(this.#asked());
      return;
    }
    const { signal } = this.#running;
    await this.#quietly(signal, () => this.#load(this.#asked(), signal));
  }

  async #askFor(facilityIds: readonly number[]): Promise<void> {
    const { signal } = this.#running;
    const { day, conditions } = this.#asked();
    await this.#quietly(signal, async () => {
      const found = await Promise.all(
        facilityIds.map((id) => timelineOf(id, conditions, this.#window, signal)),
      );
      signal.throwIfAborted();
      const before = new Map(this.lines.map((line) => [line.key, line]));
      const now = new Map(facilityIds.map((id, index) => [String(id), found[index]]));
      this.lines = this.lines.flatMap((line) => {
        if (!now.has(line.key)) {
          return [line];
        }
        const timeline = now.get(line.key);
        return timeline ? [this.#line(timeline, day, before)] : [];
      });
      this.#forgetNews();
    });
  }

  /** What is shown stays where this fails, and is asked for again: the page says when it is offline. */
  async #quietly(signal: AbortSignal, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (!signal.aborted) {
        noticeEnd(error);
        setTimeout(() => {
          if (!signal.aborted) {
            this.#news.all();
          }
        }, AGAIN_MILLISECONDS);
      }
    }
  }

  #forgetNews(): void {
    const news = new Set(this.lines.filter(isNew));
    if (news.size > 0) {
      setTimeout(() => {
        this.lines = this.lines.map((line) => (news.has(line) ? forgotten(line) : line));
      }, NEWS_MILLISECONDS);
    }
  }
}
