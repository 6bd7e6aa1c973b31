/** When a booking can begin and end, by what a timeline says of its facility. */
import type { Schemas } from "../app/api.ts";
import {
  DAY_MINUTES,
  type Day,
  instantOf,
  MINUTE,
  minuteOf,
  QUARTER_MINUTES,
  read,
} from "../time/zones.ts";

export type Timeline = Schemas["FacilityTimeline"];

/** A time, in milliseconds since the epoch; its end is not in it. */
export interface Stretch {
  start: number;
  end: number;
}

const QUARTER = QUARTER_MINUTES * MINUTE;

/**
 * The times within a stretch in which a booking can lie. The one that is being moved is in nobody's
 * way, and neither are the buffers beside it.
 */
export function freeWithin(timeline: Timeline, within: Stretch, moved?: number): Stretch[] {
  const free: Stretch[] = [];
  let from = within.start;
  for (const block of blocking(timeline, moved)) {
    if (block.start > from) {
      free.push({ start: from, end: Math.min(block.start, within.end) });
    }
    from = Math.max(from, block.end);
  }
  if (from < within.end) {
    free.push({ start: from, end: within.end });
  }
  return free.filter(({ start, end }) => start < end);
}

function blocking({ blocks }: Timeline, moved?: number): Stretch[] {
  const all = blocks.map((block) => ({
    start: read(block.start_time),
    end: read(block.end_time),
    isBuffer: block.kind === "buffer",
    isMoved: moved !== undefined && block.booking?.id === moved,
  }));
  const its = all.find(({ isMoved }) => isMoved);
  return all.filter(
    ({ start, end, isBuffer, isMoved }) =>
      !isMoved && !(isBuffer && its && (end === its.start || start === its.end)),
  );
}

/** Every time of a day at which a booking can begin and last as long as it must. */
export function startsOn(day: Day, timeline: Timeline, moved?: number): number[] {
  const { rules, facility } = timeline;
  const { time_zone: zone } = facility;
  const within = dayAt(day, zone);
  const shortest = rules.min_duration_minutes * MINUTE;
  const found: number[] = [];
  for (const { start, end } of freeWithin(
    timeline,
    { ...within, end: within.end + shortest },
    moved,
  )) {
    for (let at = Math.ceil(start / QUARTER) * QUARTER; at + shortest <= end; at += QUARTER) {
      const minute = minuteOf(at, day, zone);
      if (minute % rules.start_step_minutes === 0 && minute < DAY_MINUTES) {
        found.push(at);
      }
    }
  }
  return found;
}

/** Every time at which a booking can end that begins at `start`. */
export function endsAfter(start: number, timeline: Timeline, moved?: number): number[] {
  const { min_duration_minutes: shortest, max_duration_minutes: longest } = timeline.rules;
  const within = { start, end: start + longest * MINUTE };
  // Notice is asked of a start, and that of the booking that is moved may stay.
  const blocks = timeline.blocks.filter(({ kind }) => moved === undefined || kind !== "notice");
  const [first] = freeWithin({ ...timeline, blocks }, within, moved);
  const found: number[] = [];
  if (first?.start === start) {
    for (let end = start + shortest * MINUTE; end <= first.end; end += QUARTER) {
      found.push(end);
    }
  }
  return found;
}

/** A day of a facility's, from midnight to midnight. */
export function dayAt(day: Day, zone: string): Stretch {
  return { start: instantOf(day, 0, zone), end: instantOf(day, DAY_MINUTES, zone) };
}

/** The choices with what is chosen among them, though it may be none of them any more. */
export function withChosen(choices: readonly number[], chosen: number): number[] {
  return choices.includes(chosen) ? [...choices] : [...choices, chosen].sort((a, b) => a - b);
}
