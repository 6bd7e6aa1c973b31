/** Instants, and what the clocks of facilities show then. Instants go over the wire in UTC. */
import { Temporal } from "temporal-polyfill";

/** A day of some calendar on a wall, `YYYY-MM-DD`. */
export type Day = string;

export const QUARTER_MINUTES = 15;
export const MINUTE = 60_000;
export const DAY_MINUTES = 24 * 60;

/** The viewer's own zone. */
export const here = Temporal.Now.timeZoneId();

/** The day that it is in a zone. */
export function dayIn(zone: string, milliseconds: number): Day {
  return at(milliseconds, zone).toPlainDate().toString();
}

export function isDay(text: string): boolean {
  try {
    return Temporal.PlainDate.from(text).toString() === text;
  } catch {
    return false;
  }
}

export function addDays(day: Day, days: number): Day {
  return Temporal.PlainDate.from(day).add({ days }).toString();
}

/** The Monday of the day's week. */
export function mondayOf(day: Day): Day {
  const date = Temporal.PlainDate.from(day);
  return date.subtract({ days: date.dayOfWeek - 1 }).toString();
}

/** When a day begins in a zone, in milliseconds since the epoch. */
export function startOf(day: Day, zone: string): number {
  return Temporal.PlainDate.from(day).toZonedDateTime(zone).epochMilliseconds;
}

/** When the clock of a zone shows a minute of a day; where it shows it twice, the first time. */
export function instantOf(day: Day, minute: number, zone: string): number {
  return Temporal.PlainDate.from(day)
    .toPlainDateTime()
    .add({ minutes: minute })
    .toZonedDateTime(zone).epochMilliseconds;
}

/** The minute of the day that a zone's clock shows; beyond 0 to 1440 for an instant of another day. */
export function minuteOf(milliseconds: number, day: Day, zone: string): number {
  const shown = at(milliseconds, zone);
  const days = Temporal.PlainDate.from(day).until(shown.toPlainDate()).days;
  return days * DAY_MINUTES + shown.hour * 60 + shown.minute;
}

/** As the contract writes it: `2027-03-09T09:00:00Z`. */
export function wire(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace(/\.\d+Z$/, "Z");
}

export function read(text: string): number {
  return Date.parse(text);
}

/** Whether two zones' clocks show the same at an instant. */
export function sameClock(milliseconds: number, one: string, other: string): boolean {
  return (
    one === other ||
    at(milliseconds, one).offsetNanoseconds === at(milliseconds, other).offsetNanoseconds
  );
}

/** How many minutes a zone's clock is ahead of UTC's at an instant. */
export function offsetMinutes(milliseconds: number, zone: string): number {
  return Math.round(at(milliseconds, zone).offsetNanoseconds / 60e9);
}

function at(milliseconds: number, zone: string): Temporal.ZonedDateTime {
  return Temporal.Instant.fromEpochMilliseconds(milliseconds).toZonedDateTimeISO(zone);
}
