/** Days and clocks in a zone, as a field has them and as people read them. */
import { t } from "../../app/i18n.ts";
import { clock, longDate } from "../../time/format.ts";
import {
  addDays,
  type Day,
  dayIn,
  here,
  instantOf,
  isDay,
  minuteOf,
  read,
  sameClock,
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
  // The midnight that ends a day is 24:00 of it.
  const last = isMidnight(end) ? end - 1 : end;
  const ends = isMidnight(end) ? "24:00" : clock(end, zone);
  const until =
    dayIn(zone, start) === dayIn(zone, last) ? ends : `${longDate(last, zone)}, ${ends}`;
  return `${longDate(start, zone)}, ${clock(start, zone)} – ${until}`;
}

/** The same span by the viewer's clock, and said to be so; empty where that shows the same. */
export function spanTextHere(
  start_time: string,
  end_time: string,
  zone: string | undefined,
  viewer = here,
): string {
  const isSame =
    zone !== undefined &&
    [start_time, end_time].every((time) => sameClock(read(time), zone, viewer));
  return isSame ? "" : t("common:your_time", { time: spanText(start_time, end_time, viewer) });
}
