/** Changes in words. */
import { language, t } from "../app/i18n.ts";
import { clock, length } from "../time/format.ts";
import { here, read } from "../time/zones.ts";
import type { FieldChange, RecordKind, Value } from "./changes.ts";
import { type Period, summary, type Weekday } from "./hours.ts";

type NameOf = (kind: RecordKind, id: number) => string;

const LONGEST = 90;

/** A text by a key that is put together; the last where there is none of that key. */
function known(key: string, otherwise: string): string {
  return t(key as "staff:nav.label", { defaultValue: otherwise }) as string;
}

/** What a member is called within a sentence. */
export function fieldName(field: string): string {
  return known(`staff:fields.${field}`, field);
}

export function weekdayName(weekday: Weekday, style: "long" | "short" = "long"): string {
  const locale = language() === "en" ? "en-GB" : language();
  const days = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
  // The first of January 2024 was a Monday.
  const day = Date.UTC(2024, 0, 1 + days.indexOf(weekday));
  return new Intl.DateTimeFormat(locale, { weekday: style, timeZone: "UTC" }).format(day);
}

/** `Mon–Fri 09:00–17:00, Sat closed` */
export function hoursText(periods: Period[]): string {
  const days = summary(periods);
  if (days.length === 1 && days[0]?.spans.length === 0) {
    return t("staff:hours.never");
  }
  return days
    .map(({ first, last, spans }) => {
      const name = weekdayName(first, "short");
      const until = first === last ? "" : `–${weekdayName(last, "short")}`;
      const times = spans.length === 0 ? t("staff:hours.closed") : spans.join(" + ");
      return `${name}${until} ${times}`;
    })
    .join(", ");
}

/** `45 min`, `2 h`, `3 days` */
export function durationText(minutes: number): string {
  const day = 24 * 60;
  return minutes >= day && minutes % day === 0
    ? t("staff:days", { count: minutes / day })
    : length(minutes);
}

/** A day and a time by the viewer's clock. */
export function instantText(text: string): string {
  const at = read(text);
  const locale = language() === "en" ? "en-GB" : language();
  const day = new Intl.DateTimeFormat(locale, {
    day: "numeric",
    month: "short",
    year: "numeric",
    timeZone: here,
  });
  return `${day.format(at)}, ${clock(at, here)}`;
}

/** A text that somebody wrote, within a sentence. */
export function quoted(text: string): string {
  return t("common:quoted", {
    text: text.length > LONGEST ? `${text.slice(0, LONGEST)} …` : text,
  });
}

export function valueText(value: Value, field: string, nameOf: NameOf): string {
  switch (value.kind) {
    case "nothing":
      return known(`staff:none.${field}`, t("staff:none.anything"));
    case "text":
      return quoted(value.text);
    case "number":
      return value.number.toLocaleString(language());
    case "flag":
      return t(value.flag ? "common:yes" : "common:no");
    case "minutes":
      return durationText(value.minutes);
    case "days":
      return t("staff:days", { count: value.days });
    case "hours":
      return `${value.hours} h`;
    case "instant":
      return instantText(value.at);
    case "opening_hours":
      return hoursText(value.periods);
    case "list":
      return value.items.length === 0
        ? t("staff:none.anything")
        : value.items.map((item) => item.replaceAll("_", " ")).join(", ");
    case "word":
      return value.words
        .map((word) =>
          known(`${value.of === "types" ? "common:types" : `staff:${value.of}`}.${word}`, word),
        )
        .join(", ");
    case "record":
      return nameOf(value.of, value.id);
  }
}

/** `Ingrid Hansen changed the capacity from 12 to 10.` */
export function changeSentence(who: string, change: FieldChange, nameOf: NameOf): string {
  const { field, from, to } = change;
  const hasWord = known(`staff:none.${field}`, "") !== "";
  const words = {
    who,
    field: fieldName(field),
    from: valueText(from, field, nameOf),
    to: valueText(to, field, nameOf),
  };
  if (from.kind === "nothing" && !hasWord) {
    return t("staff:change.set", words);
  }
  if (to.kind === "nothing" && !hasWord) {
    return t("staff:change.removed", words);
  }
  return t("staff:change.changed", words);
}
