/** Numbers in the viewer's language. */
import { language, t } from "../../app/i18n.ts";
import { length } from "../../time/format.ts";

const made = new Map<string, Intl.NumberFormat>();

function format(options: Intl.NumberFormatOptions): Intl.NumberFormat {
  const locale = language() === "en" ? "en-GB" : language();
  const key = JSON.stringify([locale, options]);
  let found = made.get(key);
  if (found === undefined) {
    found = new Intl.NumberFormat(locale, options);
    made.set(key, found);
  }
  return found;
}

/** `1,234` */
export function count(value: number): string {
  return format({}).format(value);
}

/** `42 %`, and `0.4 %` where whole ones would tell nothing. */
export function percent(share: number): string {
  const digits = share > 0 && share < 0.1 ? 1 : 0;
  return format({ style: "percent", maximumFractionDigits: digits }).format(share);
}

/** `1,234 h` */
export function hours(minutes: number): string {
  const value = minutes / 60;
  return `${format({ maximumFractionDigits: value < 10 ? 1 : 0 }).format(value)} h`;
}

/** How long before: `45 min`, `3 h 30 min`, `5.2 days` */
export function leadTime(minutes: number): string {
  if (minutes < 24 * 60) {
    return length(minutes);
  }
  const days = Math.round((minutes / 24 / 60) * 10) / 10;
  return t("analytics:days", {
    count: days,
    days: format({ maximumFractionDigits: 1 }).format(days),
  });
}

/** `24 s`, `3 min 20 s` */
export function seconds(value: number): string {
  const [minutes, rest] = [Math.floor(value / 60), value % 60];
  return minutes === 0 ? `${rest} s` : rest === 0 ? `${minutes} min` : `${minutes} min ${rest} s`;
}

/** `9 Mar`, of a day of a calendar. */
export function dayShort(day: string): string {
  return named(`${day}T12:00:00Z`, { day: "numeric", month: "short" });
}

/** `March 2027`, or `Mar 27` in short, of a month `2027-03`. */
export function monthName(month: string, style: "long" | "short" = "long"): string {
  return named(`${month}-15T12:00:00Z`, {
    month: style,
    year: style === "long" ? "numeric" : "2-digit",
  });
}

function named(instant: string, options: Intl.DateTimeFormatOptions): string {
  const locale = language() === "en" ? "en-GB" : language();
  return new Intl.DateTimeFormat(locale, { timeZone: "UTC", ...options }).format(
    Date.parse(instant),
  );
}
