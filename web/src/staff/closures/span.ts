/** Days and clocks in a zone, as a field has them and as people read them. */
import { clock, longDate } from "../../time/format.ts";
import {
  addDays,
  type Day,
  dayIn,
  instantOf,
  isDay,
  minuteOf,
  read,
  wire,
} from "../../time/zones.ts";
import { clockIn, minuteOfClock } from "../hours.ts";

/** A day and a clock of 24 hours, as fields have them. */
export interface Moment {
  day: Day;
  clock: string;
}

export function isMoment({ day, clock }: Moment): boolean {
  return isDay(day) && clockIn(clock) === clock;
}

/** When a zone's clock shows it, as the contract writes it. */
export function instantIn({ day, clock }: Moment, zone: string): string {
  return wire(instantOf(day, minuteOfClock(clock), zone));
}

export function tomorrow(zone: string, clock: string): Moment {
  return { day: addDays(dayIn(zone, Date.now()), 1), clock };
}

/** A span by a zone's clock: days where it is whole days, else with the times. */
export function spanText(start_time: string, end_time: string, zone: string): string {
  const [start, end] = [read(start_time), read(end_time)];
  const isMidnight = (at: number) => minuteOf(at, dayIn(zone, at), zone) === 0;
  if (isMidnight(start) && isMidnight(end)) {
    const last = end - 1;
    return dayIn(zone, start) === dayIn(zone, last)
      ? longDate(start, zone)
      : `${longDate(start, zone)} – ${longDate(last, zone)}`;
  }
  const until =
    dayIn(zone, start) === dayIn(zone, end)
      ? clock(end, zone)
      : `${longDate(end, zone)}, ${clock(end, zone)}`;
  return `${longDate(start, zone)}, ${clock(start, zone)} – ${until}`;
}
