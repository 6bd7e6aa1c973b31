/** What a door says, in the viewer's language and by the facility's clock. */
import { t } from "../app/i18n.ts";
import { clock, date, length } from "../time/format.ts";
import { addDays, dayIn } from "../time/zones.ts";
import type { Block, Obstacle, State } from "./state.ts";

/** `11:00`, `tomorrow, 08:00`, `Mon 9 March, 08:00` */
export function moment(milliseconds: number, now: number, zone: string): string {
  const [day, today] = [dayIn(zone, milliseconds), dayIn(zone, now)];
  const time = clock(milliseconds, zone);
  if (day === today) {
    return time;
  }
  return day === addDays(today, 1)
    ? t("display:tomorrow", { time })
    : `${date(milliseconds, zone)}, ${time}`;
}

/** `until 11:00`, or that it stays so. */
export function untilWhen({ word, until }: State, now: number, zone: string): string {
  return until === undefined
    ? t(`display:for_now.${word}`)
    : t("display:until", { time: moment(until, now, zone) });
}

/** What is on: a booking's title, where one may know it, or why it is closed. */
export function what(block: Block): string {
  switch (block.kind) {
    case "closed":
      return block.reason ?? t("display:closure");
    case "outside_opening_hours":
      return t("display:outside_opening_hours");
    case "buffer":
      return t("display:buffer");
    case "pending":
      return block.title === undefined
        ? t("display:pending")
        : t("display:pending_title", { title: block.title });
    default:
      return block.title ?? t("display:booked");
  }
}

/** Why one cannot book, in a line. */
export function obstacleText(obstacle: Obstacle, now: number, zone: string): string {
  switch (obstacle.why) {
    case "refused":
      return t(`problems:${obstacle.type}` as "problems:facility_restricted");
    case "too_short":
    case "too_long":
    case "notice":
      return t(`display:obstacles.${obstacle.why}`, { length: length(obstacle.minutes) });
    case "horizon":
      return t("display:obstacles.horizon");
    default: {
      const time = moment(obstacle.isNow ? obstacle.until : obstacle.from, now, zone);
      return t(`display:obstacles.${obstacle.why}_${obstacle.isNow ? "until" : "from"}`, { time });
    }
  }
}
