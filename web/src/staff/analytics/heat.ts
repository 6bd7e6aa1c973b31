/** Rows of a report by weekday and hour, as a table of weekdays. */
import type { Schemas } from "../../app/api.ts";

type Row = Schemas["UtilisationRow"];
type Weekday = Schemas["Weekday"];

export const weekdays = [
  "monday",
  "tuesday",
  "wednesday",
  "thursday",
  "friday",
  "saturday",
  "sunday",
] as const satisfies readonly Weekday[];

export interface Heat {
  /** The hours that are worth a column: from the first to the last that is open or booked. */
  hours: number[];
  rows: { weekday: Weekday; cells: (Row | undefined)[] }[];
}

export function heatOf(rows: Row[]): Heat {
  const used = rows
    .filter((row) => row.open_minutes > 0 || row.booked_outside_minutes > 0)
    .flatMap(({ hour }) => (hour === undefined ? [] : [hour]));
  if (used.length === 0) {
    return { hours: [], rows: [] };
  }
  const first = Math.min(...used);
  const hours = Array.from({ length: Math.max(...used) - first + 1 }, (_, index) => first + index);
  const cells = new Map(rows.map((row) => [`${row.weekday} ${row.hour}`, row]));
  return {
    hours,
    rows: weekdays.map((weekday) => ({
      weekday,
      cells: hours.map((hour) => cells.get(`${weekday} ${hour}`)),
    })),
  };
}

/** The shares above which a shade begins; the palest is for nothing. */
export const shades = [0, 0.1, 0.25, 0.5, 0.75] as const;

/** From 0, of which nothing is booked, to 5. */
export function shadeOf(share: number): number {
  return shades.filter((bound) => share > bound).length;
}
