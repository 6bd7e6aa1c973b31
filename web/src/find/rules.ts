/** A facility's rules and hours in plain words. */
import type { FacilityDetail } from "../app/api.ts";
import { t } from "../app/i18n.ts";
import { length } from "../time/format.ts";
import { DAY_MINUTES } from "../time/zones.ts";

const weekdays = [
  "monday",
  "tuesday",
  "wednesday",
  "thursday",
  "friday",
  "saturday",
  "sunday",
] as const;

/** What it asks of bookings, a phrase each; what it does not ask is not said. */
export function rulesText({ rules }: Pick<FacilityDetail, "rules">): string[] {
  const least = length(rules.min_duration_minutes);
  const most = length(rules.max_duration_minutes);
  const step = `step_${rules.start_step_minutes}` as "step_15" | "step_30" | "step_60";
  const some = (
    minutes: number,
    key: "notice" | "cancellation" | "buffer_before" | "buffer_after",
  ) => (minutes > 0 ? [t(`find:rules.${key}`, { length: longLength(minutes) })] : []);
  return [
    least === most
      ? t("find:rules.length_exactly", { least })
      : t("find:rules.length", { least, most }),
    t(`find:rules.${step}`),
    ...some(rules.min_notice_minutes, "notice"),
    t("find:rules.horizon", { count: rules.horizon_days }),
    ...(rules.requires_approval
      ? [t("find:rules.approval", { length: longLength(rules.approval_timeout_minutes) })]
      : []),
    ...some(rules.buffer_before_minutes, "buffer_before"),
    ...some(rules.buffer_after_minutes, "buffer_after"),
    ...some(rules.cancellation_notice_minutes, "cancellation"),
  ];
}

/** `2 days` where it is days, or else as hours and minutes. */
export function longLength(minutes: number): string {
  return minutes % DAY_MINUTES === 0
    ? t("find:rules.days", { count: minutes / DAY_MINUTES })
    : length(minutes);
}

export interface Hours {
  weekday: (typeof weekdays)[number];
  /** `09:00–12:00, 13:00–18:00`; empty where it is closed. */
  times: string;
}

/** When it is open, Monday first; undefined where it always is. */
export function hoursText({
  opening_hours,
}: Pick<FacilityDetail, "opening_hours">): Hours[] | undefined {
  return opening_hours === undefined
    ? undefined
    : weekdays.map((weekday) => ({
        weekday,
        times: opening_hours
          .filter((each) => each.weekday === weekday)
          .map(({ opens, closes }) => `${opens}–${closes}`)
          .sort()
          .join(", "),
      }));
}
