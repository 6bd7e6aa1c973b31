/** Where a booking lies on the strip of its day, and where it can be moved to. */
import type { Stretch } from "../book/times.ts";
import { MINUTE } from "../time/zones.ts";

export interface Closing extends Stretch {
  kind: string;
}

const HOUR = 60 * MINUTE;

/** The start nearest to the wanted one of those that a booking may have; undefined of none. */
export function nearest(starts: readonly number[], wanted: number): number | undefined {
  let best: number | undefined;
  for (const start of starts) {
    if (best === undefined || Math.abs(start - wanted) < Math.abs(best - wanted)) {
      best = start;
    }
  }
  return best;
}

/** The start that is next in a direction. */
export function next(starts: readonly number[], from: number, direction: 1 | -1): number {
  const further = starts.filter((start) => (start - from) * direction > 0);
  return nearest(further, from) ?? from;
}

/** The starts, of those possible, from which a booking of so many milliseconds fits. */
export function fitting(
  starts: readonly number[],
  endsAfter: (start: number) => readonly number[],
  milliseconds: number,
): number[] {
  return starts.filter((start) => endsAfter(start).includes(start + milliseconds));
}

/** How far along a stretch an instant lies, in per cent, and never out of it. */
export function along(at: number, from: number, to: number): number {
  const share = (at - from) / Math.max(MINUTE, to - from);
  return 100 * Math.min(1, Math.max(0, share));
}

/**
 * The part of a day to show: from where the facility opens until it closes, in whole hours of its
 * clock, and at least where the booking lies.
 */
export function shownOf(day: Stretch, blocks: readonly Closing[], booking: Stretch): Stretch {
  const closed = blocks.filter(({ kind }) => kind === "outside_opening_hours");
  const opens = closed.find(({ start, end }) => start <= day.start && end < day.end);
  const closes = closed.find(({ start, end }) => start > day.start && end >= day.end);
  const start = Math.min(opens?.end ?? day.start, booking.start);
  const end = Math.max(closes?.start ?? day.end, Math.min(booking.end, day.end));
  return {
    start: day.start + Math.floor((start - day.start) / HOUR) * HOUR,
    end: Math.min(day.end, day.start + Math.ceil((end - day.start) / HOUR) * HOUR),
  };
}

/** The hours at which to write the time, not too many of them. */
export function hoursOf({ start, end }: Stretch): number[] {
  const hours = Math.round((end - start) / HOUR);
  const step = Math.ceil(hours / 8) * HOUR;
  const found: number[] = [];
  for (let at = start; at < end; at += step) {
    found.push(at);
  }
  return found;
}
