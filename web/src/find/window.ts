/** Which time to ask for, so that days are known by the clocks of all their facilities. */
import { addDays, type Day, MINUTE, startOf } from "../time/zones.ts";
import type { Stretch } from "./line.ts";

/** No booking is longer: one that begins on the day is over within this time after it. */
const LONGEST = 8 * 60 * MINUTE;

/** The days from the first on, in all the zones. */
export function windowOf(first: Day, days: number, zones: Iterable<string>): Stretch {
  const all = [...zones];
  const after = addDays(first, days);
  return {
    start: Math.min(...all.map((zone) => startOf(first, zone))),
    end: Math.max(...all.map((zone) => startOf(after, zone))) + LONGEST,
  };
}
