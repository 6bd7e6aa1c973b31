/** Which times to propose: for a click, a drag or a key. */
import { DAY_MINUTES, MINUTE, QUARTER_MINUTES } from "../time/zones.ts";
import { freeAt, freeInDay, type Line, type Stretch } from "./line.ts";

/** How long most bookings are, in minutes. */
export const USUAL_MINUTES = 60;

/** The length that a booking of the facility has unless one says otherwise, in minutes. */
export function usualLength({ timeline }: Line, wanted = USUAL_MINUTES): number {
  const { min_duration_minutes: least, max_duration_minutes: most } = timeline.rules;
  return Math.min(most, Math.max(least, wanted));
}

export function stepOf({ timeline }: Line): number {
  return timeline.rules.start_step_minutes;
}

/** The last moment at or before this one at which bookings begin. */
function markBefore(line: Line, milliseconds: number): number {
  const step = stepOf(line);
  return line.scale.instant(Math.floor(line.scale.minute(milliseconds) / step) * step);
}

/** The first moment at or after this one at which bookings begin. */
export function markAfter(line: Line, milliseconds: number): number {
  const step = stepOf(line);
  return line.scale.instant(Math.ceil(line.scale.minute(milliseconds) / step) * step);
}

/** A booking that begins just there, as long as wanted or as there is room; undefined if none can. */
export function choiceFrom(line: Line, start: number, wanted?: number): Stretch | undefined {
  const free = freeAt(line, start);
  if (free === undefined || markAfter(line, start) !== start) {
    return undefined;
  }
  const room = wholeQuarters(free.end - start);
  const end = start + Math.min(usualLength(line, wanted) * MINUTE, room);
  return end - start < line.timeline.rules.min_duration_minutes * MINUTE
    ? undefined
    : { start, end };
}

/** The booking that a click there begins: on the step under it, or the nearest in the free time. */
export function choiceAt(line: Line, at: number, wanted?: number): Stretch | undefined {
  const free = freeAt(line, at);
  if (free === undefined) {
    return undefined;
  }
  const least = line.timeline.rules.min_duration_minutes * MINUTE;
  const first = markAfter(line, free.start);
  const last = markBefore(line, free.end - least);
  const start = Math.min(Math.max(markBefore(line, at), first), last);
  return start < free.start ? undefined : choiceFrom(line, start, wanted);
}

/** The booking that a drag from one moment to another marks; undefined where none can be. */
export function choiceBetween(line: Line, anchor: number, to: number): Stretch | undefined {
  const free = freeAt(line, anchor);
  if (free === undefined) {
    return undefined;
  }
  const least = line.timeline.rules.min_duration_minutes * MINUTE;
  const most = line.timeline.rules.max_duration_minutes * MINUTE;
  const first = markAfter(line, free.start);
  if (to >= anchor) {
    const start = Math.max(markBefore(line, anchor), first);
    const end = start + Math.min(most, Math.max(least, quartersUp(to - start)));
    return kept({ start, end: Math.min(end, free.end) }, least);
  }
  const end = Math.min(line.scale.start + quartersUp(anchor - line.scale.start), free.end);
  const earliest = markAfter(line, Math.max(free.start, end - most));
  const start = Math.min(Math.max(markBefore(line, to), earliest), markBefore(line, end - least));
  return start < free.start ? undefined : kept({ start, end }, least);
}

/** Whether some booking of the length can begin on the day. */
export function hasRoom(line: Line, minutes: number): boolean {
  const { min_duration_minutes: least, max_duration_minutes: most } = line.timeline.rules;
  if (minutes > most) {
    return false;
  }
  const length = Math.max(least, minutes) * MINUTE;
  return freeInDay(line).some(({ start }) => {
    const from = markAfter(line, start);
    const free = freeAt(line, from);
    return from < line.scale.end && free !== undefined && from + length <= free.end;
  });
}

/** Where bookings may begin on the day: the first and the last such minute; undefined for none. */
export function ends(line: Line): { first: number; last: number } | undefined {
  const least = line.timeline.rules.min_duration_minutes * MINUTE;
  const starts = freeInDay(line).flatMap(({ start }) => {
    const free = freeAt(line, start);
    const from = markAfter(line, start);
    if (free === undefined || from >= line.scale.end || from + least > free.end) {
      return [];
    }
    const lastOfDay = line.scale.instant(DAY_MINUTES - stepOf(line));
    return [from, Math.min(markBefore(line, free.end - least), lastOfDay)];
  });
  return starts.length === 0
    ? undefined
    : { first: line.scale.minute(starts[0] ?? 0), last: line.scale.minute(starts.at(-1) ?? 0) };
}

function kept(stretch: Stretch, least: number): Stretch | undefined {
  const end = stretch.start + wholeQuarters(stretch.end - stretch.start);
  return end - stretch.start < least ? undefined : { start: stretch.start, end };
}

function wholeQuarters(milliseconds: number): number {
  return Math.floor(milliseconds / (QUARTER_MINUTES * MINUTE)) * QUARTER_MINUTES * MINUTE;
}

function quartersUp(milliseconds: number): number {
  return Math.ceil(milliseconds / (QUARTER_MINUTES * MINUTE)) * QUARTER_MINUTES * MINUTE;
}
