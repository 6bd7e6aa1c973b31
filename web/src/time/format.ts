/** Instants and durations in the viewer's language, by the clock of a zone. */
import { language, t } from "../app/i18n.ts";
import { type Day, here, sameClock } from "./zones.ts";

const made = new Map<string, Intl.DateTimeFormat>();

function format(zone: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const locale = language() === "en" ? "en-GB" : language();
  const key = JSON.stringify([locale, zone, options]);
  let found = made.get(key);
  if (found === undefined) {
    found = new Intl.DateTimeFormat(locale, { timeZone: zone, ...options });
    made.set(key, found);
  }
  return found;
}

/** `09:00` */
export function clock(milliseconds: number, zone: string): string {
  return format(zone, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" }).format(
    milliseconds,
  );
}

/** `Tue 9 March` */
export function date(milliseconds: number, zone: string): string {
  return format(zone, { weekday: "short", day: "numeric", month: "long" }).format(milliseconds);
}

/** `Tuesday, 9 March 2027` */
export function longDate(milliseconds: number, zone: string): string {
  return format(zone, { weekday: "long", day: "numeric", month: "long", year: "numeric" }).format(
    milliseconds,
  );
}

/** A day of a calendar, `Tuesday, 9 March 2027`. */
export function dayName(day: Day, style: "long" | "short" = "long"): string {
  const noon = Date.parse(`${day}T12:00:00Z`);
  return style === "long" ? longDate(noon, "UTC") : date(noon, "UTC");
}

/** `Tue 9 March, 09:00–10:00` by the facility's clock. */
export function span(start: number, end: number, zone: string): string {
  return `${date(start, zone)}, ${clock(start, zone)}–${clock(end, zone)}`;
}

/** `Tue 9 March, 09:00` by the facility's clock, and the viewer's time where that is another. */
export function moment(milliseconds: number, zone: string): string {
  const there = `${date(milliseconds, zone)}, ${clock(milliseconds, zone)}`;
  const ours = momentHere(milliseconds, zone);
  return ours === "" ? there : `${there} (${ours})`;
}

/** The same moment by the viewer's clock, `15:00 your time`; empty where it shows the same. */
function momentHere(milliseconds: number, zone: string): string {
  if (sameClock(milliseconds, zone, here)) {
    return "";
  }
  const isSameDay = date(milliseconds, here) === date(milliseconds, zone);
  const other = isSameDay ? "" : `${date(milliseconds, here)}, `;
  return t("common:your_time", { time: `${other}${clock(milliseconds, here)}` });
}

/** The same span by the viewer's clock, `15:00–16:00 your time`; empty where it shows the same. */
export function spanHere(start: number, end: number, zone: string): string {
  if (sameClock(start, zone, here)) {
    return "";
  }
  const other = date(start, here) === date(start, zone) ? "" : `${date(start, here)}, `;
  return t("common:your_time", { time: `${other}${clock(start, here)}–${clock(end, here)}` });
}

/** `45 min`, `2 h`, `1 h 30 min` */
export function length(minutes: number): string {
  const hours = Math.floor(minutes / 60);
  const rest = minutes % 60;
  return [hours > 0 ? `${hours} h` : "", rest > 0 || hours === 0 ? `${rest} min` : ""]
    .filter(Boolean)
    .join(" ");
}
