/** A facility on a day: what one line of a timeline shows. Minutes are those of its own clock. */
import type { Schemas } from "../app/api.ts";
import {
  addDays,
  type Day,
  DAY_MINUTES,
  instantOf,
  MINUTE,
  minuteOf,
  read,
  startOf,
} from "../time/zones.ts";

export type Timeline = Schemas["FacilityTimeline"];

/** A time, in milliseconds since the epoch; its end is not in it. */
export interface Stretch {
  start: number;
  end: number;
}

export interface Block extends Stretch {
  /** What distinguishes it from others of its facility. */
  key: string;
  kind: Schemas["BlockKind"];
  booking?: Schemas["TimelineBooking"];
  reason?: string;
}

/** Where the instants of a day lie on its facility's clock. */
export interface Scale extends Stretch {
  minute: (milliseconds: number) => number;
  instant: (minute: number) => number;
}

export interface Line {
  key: string;
  timeline: Timeline;
  day: Day;
  scale: Scale;
  /** All that is known of it, earliest first; not only of the day. */
  blocks: readonly Block[];
  /** The time of which that is known. */
  known: Stretch;
  /** The keys of blocks that came just now. */
  fresh: ReadonlySet<string>;
  /** What was booked until just now. */
  freed: readonly Block[];
}

/** A block as far as the day shows it, in minutes of the day. */
export interface Piece {
  block: Block;
  from: number;
  to: number;
}

const nothing: ReadonlySet<string> = new Set();

export function lineOf(key: string, timeline: Timeline, day: Day, known: Stretch): Line {
  const { time_zone: zone } = timeline.facility;
  const scale = scaleOf(day, zone);
  return {
    key,
    timeline,
    day,
    scale,
    blocks: blocksOf(timeline),
    known,
    fresh: nothing,
    freed: [],
  };
}

const scales = new Map<string, Scale>();

/** Asking a calendar is slow, and hundreds of lines have the same one. */
export function scaleOf(day: Day, zone: string): Scale {
  const key = `${day} ${zone}`;
  let scale = scales.get(key);
  if (scale === undefined) {
    scale = made(day, zone);
    scales.set(key, scale);
  }
  return scale;
}

function made(day: Day, zone: string): Scale {
  const start = startOf(day, zone);
  const end = startOf(addDays(day, 1), zone);
  const isEven = end - start === DAY_MINUTES * MINUTE;
  return {
    start,
    end,
    minute(milliseconds) {
      if (milliseconds >= end) {
        return DAY_MINUTES + (milliseconds - end) / MINUTE;
      }
      if (isEven || milliseconds < start) {
        return (milliseconds - start) / MINUTE;
      }
      return minuteOf(milliseconds, day, zone);
    },
    instant(minute) {
      if (minute >= DAY_MINUTES) {
        return end + (minute - DAY_MINUTES) * MINUTE;
      }
      return isEven || minute < 0 ? start + minute * MINUTE : instantOf(day, minute, zone);
    },
  };
}

const parsed = new WeakMap<Timeline, readonly Block[]>();

export function blocksOf(timeline: Timeline): readonly Block[] {
  let blocks = parsed.get(timeline);
  if (blocks === undefined) {
    blocks = timeline.blocks.map((block) => ({
      key: `${block.kind} ${block.start_time} ${block.end_time} ${block.booking?.id ?? ""}`,
      kind: block.kind,
      start: read(block.start_time),
      end: read(block.end_time),
      ...(block.booking ? { booking: block.booking } : {}),
      ...(block.reason === undefined ? {} : { reason: block.reason }),
    }));
    parsed.set(timeline, blocks);
  }
  return blocks;
}

/** What of the blocks lies in the line's day. */
export function pieces({ scale }: Line, blocks: readonly Block[]): Piece[] {
  return blocks
    .filter(({ start, end }) => start < scale.end && end > scale.start)
    .map((block) => {
      const from = Math.max(0, scale.minute(block.start));
      const to = Math.min(DAY_MINUTES, scale.minute(block.end));
      // Within the hour that clocks show twice the end may be shown as before the start.
      return { block, from, to: to > from ? to : from + (block.end - block.start) / MINUTE };
    });
}

export function blockAt({ blocks }: Line, milliseconds: number): Block | undefined {
  return blocks.find(({ start, end }) => start <= milliseconds && milliseconds < end);
}

/** The times at which a booking could lie, earliest first. */
export function freeStretches({ blocks, known, timeline }: Line): Stretch[] {
  if (timeline.refusal) {
    return [];
  }
  const free: Stretch[] = [];
  let { start } = known;
  for (const block of blocks) {
    if (block.start > start) {
      free.push({ start, end: Math.min(block.start, known.end) });
    }
    start = Math.max(start, block.end);
  }
  if (start < known.end) {
    free.push({ start, end: known.end });
  }
  return free;
}

/** The day's own part of them. */
export function freeInDay(line: Line): Stretch[] {
  const { start, end } = line.scale;
  return freeStretches(line)
    .map((each) => ({ start: Math.max(each.start, start), end: Math.min(each.end, end) }))
    .filter((each) => each.start < each.end);
}

export function freeAt(line: Line, milliseconds: number): Stretch | undefined {
  return freeStretches(line).find(({ start, end }) => start <= milliseconds && milliseconds < end);
}

/** The line as it is now, with what differs from how it was. */
export function compared(before: Line | undefined, line: Line): Line {
  if (before === undefined || before.day !== line.day || before.timeline === line.timeline) {
    return before?.timeline === line.timeline ? { ...before, known: line.known } : line;
  }
  const were = new Set(before.blocks.map(({ key }) => key));
  const are = new Set(line.blocks.map(({ key }) => key));
  const fresh = line.blocks.filter((each) => !were.has(each.key) && isNews(each));
  const gone = before.blocks.filter((each) => !are.has(each.key) && isHeld(each));
  const freed = gone.filter(
    ({ start, end }) => !line.blocks.some((each) => each.start < end && each.end > start),
  );
  return { ...line, fresh: new Set(fresh.map(({ key }) => key)), freed };
}

/** Whether somebody holds it. */
export function isHeld({ kind }: Block): boolean {
  return kind === "booked" || kind === "pending";
}

/** What only moves with the clock is no news. */
function isNews(block: Block): boolean {
  return isHeld(block) || block.kind === "closed";
}

/** How long what changed is shown as new. */
export const NEWS_MILLISECONDS = 2_000;

/** Whether something of it is shown as new. */
export function isNew({ fresh, freed }: Line): boolean {
  return fresh.size > 0 || freed.length > 0;
}

/** The line without its news. */
export function forgotten(line: Line): Line {
  return isNew(line) ? { ...line, fresh: nothing, freed: [] } : line;
}
