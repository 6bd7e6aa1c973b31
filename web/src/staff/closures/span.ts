/** Days and clocks in a zone, as a field has them and as people read them. */
import { clock, longDate } from "../../time/format.ts";
import { addDays, dayIn, instantOf, minuteOf, read, wire } from "../../time/zones.ts";
import { minuteOfClock } from "../hours.ts";

/** `2027-03-13T07:00` by a zone's clock, as the contract writes it. */
export function instantIn(text: string, zone: string): string {
  const [day = "", clock = ""] = text.split("T");
  return wire(instantOf(day, minuteOfClock(clock), zone));
}

/** Tomorrow at eight, as a field has it. */
export function nextMorning(zone: string): string {
  return `${addDays(dayIn(zone, Date.now()), 1)}T08:00`;
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
