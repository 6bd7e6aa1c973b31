/** Opening hours of a week, as the contract writes them and as the service stores them. */
import type { Schemas } from "../app/api.ts";

export type Period = Schemas["OpeningPeriod"];
export type Weekday = Schemas["Weekday"];

export const weekdays = [
  "monday",
  "tuesday",
  "wednesday",
  "thursday",
  "friday",
  "saturday",
  "sunday",
] as const satisfies Weekday[];

const DAY = 24 * 60;
const WEEK = 7 * DAY;

/** The minute of the day that a clock shows as `09:30`; 1440 for `24:00`. */
export function minuteOfClock(text: string): number {
  const [hours = 0, minutes = 0] = text.split(":").map(Number);
  return hours * 60 + minutes;
}

function clockOf(minute: number): string {
  const two = (number: number) => String(number).padStart(2, "0");
  return `${two(Math.floor(minute / 60))}:${two(minute % 60)}`;
}

/** Whether it closes on the day after the one on which it opens; at the midnight between, it does not. */
export function isOvernight({ opens, closes }: Period): boolean {
  return minuteOfClock(closes) <= minuteOfClock(opens);
}

/** From which to which minute of the week, counted from Monday; the end may lie in the next week. */
function minutesOf(period: Period): [number, number] {
  const day = weekdays.indexOf(period.weekday) * DAY;
  const closes = minuteOfClock(period.closes) + (isOvernight(period) ? DAY : 0);
  return [day + minuteOfClock(period.opens), day + closes];
}

/** By day and time. */
export function inOrder(periods: Period[]): Period[] {
  return [...periods].sort((one, other) => minutesOf(one)[0] - minutesOf(other)[0]);
}

export type Fault = "incomplete" | "empty" | "overlap" | "off_mark";

/** What is wrong with each period, if anything; what overlaps an earlier one is to blame. */
export function faults(periods: Period[]): (Fault | undefined)[] {
  return periods.map((period, index) => {
    if (!/^\d\d:\d\d$/.test(period.opens) || !/^\d\d:\d\d$/.test(period.closes)) {
      return "incomplete";
    }
    if (minuteOfClock(period.opens) % 15 !== 0 || minuteOfClock(period.closes) % 15 !== 0) {
      return "off_mark";
    }
    if (period.opens === period.closes) {
      return "empty";
    }
    return periods.slice(0, index).some((other) => overlap(period, other)) ? "overlap" : undefined;
  });
}

function overlap(one: Period, other: Period): boolean {
  const [start, end] = minutesOf(one);
  const [from, to] = minutesOf(other);
  // Sunday's night reaches into Monday's morning.
  return [-WEEK, 0, WEEK].some((week) => start + week < to && from < end + week);
}

/** The other hours of the week, where those of one day hold on others too. */
export function copied(periods: Period[], from: Weekday, to: readonly Weekday[]): Period[] {
  const model = periods.filter(({ weekday }) => weekday === from);
  return inOrder([
    ...periods.filter(({ weekday }) => !to.includes(weekday)),
    ...to.flatMap((weekday) => model.map((period) => ({ ...period, weekday }))),
  ]);
}

/** Days that follow one another and have the same hours, with those: none where it is closed. */
export interface Days {
  first: Weekday;
  last: Weekday;
  /** `09:00–17:00` */
  spans: string[];
}

export function summary(periods: Period[]): Days[] {
  const runs: Days[] = [];
  for (const weekday of weekdays) {
    const spans = inOrder(periods.filter((period) => period.weekday === weekday)).map(
      ({ opens, closes }) => `${opens}–${closes}`,
    );
    const run = runs.at(-1);
    if (run && run.spans.join() === spans.join()) {
      run.last = weekday;
    } else {
      runs.push({ first: weekday, last: weekday, spans });
    }
  }
  return runs;
}

/** Hours as they are stored, `{[480,1080),[1920,2520)}`; undefined where the text is nothing of the kind. */
export function stored(text: string): Period[] | undefined {
  if (!/^\{(\[\d+,\d+\)(,\[\d+,\d+\))*)?\}$/.test(text)) {
    return undefined;
  }
  const spans = [...text.matchAll(/\[(\d+),(\d+)\)/g)].map(([, start, end]): [number, number] => [
    Number(start),
    Number(end),
  ]);
  const [first, last] = [spans[0], spans.at(-1)];
  // What is open over the end of the week is stored as two.
  if (first && last && first !== last && first[0] === 0 && last[1] === WEEK) {
    const length = last[1] - last[0] + first[1];
    if (length <= DAY && last[0] % DAY !== 0) {
      spans.shift();
      last[1] += first[1];
    }
  }
  return spans.flatMap(([start, end]) => periodsOf(start, end));
}

/** A span of the week; what is longer than a day, day by day. */
function periodsOf(start: number, end: number): Period[] {
  if (end - start > DAY) {
    const midnight = Math.floor(start / DAY) * DAY + DAY;
    return [...periodsOf(start, midnight), ...periodsOf(midnight, end)];
  }
  const weekday = weekdays[Math.floor(start / DAY) % 7] ?? "monday";
  const midnight = Math.floor(start / DAY) * DAY + DAY;
  const closes = end === midnight ? "24:00" : clockOf(end % DAY);
  return [{ weekday, opens: clockOf(start % DAY), closes }];
}

/** The time that people mean by `9`, `930`, `9.30` or `09:30`, as a clock shows it; undefined for none. */
export function clockIn(text: string): string | undefined {
  const found = /^(\d{1,2}?)(?:[:.h ]?(\d{2}))?h?$/.exec(text.trim());
  const [hours, minutes] = [Number(found?.[1]), Number(found?.[2] ?? 0)];
  const isTime = hours < 24 ? minutes < 60 : hours === 24 && minutes === 0;
  return found && isTime ? clockOf(hours * 60 + minutes) : undefined;
}
