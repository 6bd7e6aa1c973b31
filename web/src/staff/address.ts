/** What the address says of filters. */
import { query } from "../app/router.svelte.ts";
import { addDays, type Day, here, isDay, startOf, wire } from "../time/zones.ts";

/** An identifier in the address; undefined where there is none. */
export function idIn(name: string, otherwise = ""): number | undefined {
  const text = query(name) || otherwise;
  return /^[1-9]\d{0,9}$/.test(text) ? Number(text) : undefined;
}

export function dayIn(name: string): Day | undefined {
  const text = query(name);
  return isDay(text) ? text : undefined;
}

/** The beginning of a day by the viewer's clock, as the contract writes it. */
export function beginningOf(day: Day): string {
  return wire(startOf(day, here));
}

export function endOf(day: Day): string {
  return beginningOf(addDays(day, 1));
}
