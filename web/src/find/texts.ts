/** What times and facilities are called, to read and to listen to. */
import type { Schemas } from "../app/api.ts";
import { t } from "../app/i18n.ts";
import { me } from "../app/session.svelte.ts";
import { clock, length, spanHere } from "../time/format.ts";
import { DAY_MINUTES, here, MINUTE, offsetMinutes } from "../time/zones.ts";
import { textOfMinute } from "./filters.ts";
import { blockAt, type Block, freeAt, freeInDay, isHeld, type Line, type Stretch } from "./line.ts";

/** `09:00–10:00` by the facility's clock. */
export function times({ scale }: Line, { start, end }: Stretch): string {
  // The midnight that ends the day is 24:00 of it.
  const last = end === scale.end ? DAY_MINUTES : ofDay(scale.minute(end));
  return `${textOfMinute(ofDay(scale.minute(start)))}–${textOfMinute(last)}`;
}

/** What the clock shows at a minute of another day. */
function ofDay(minute: number): number {
  return ((minute % DAY_MINUTES) + DAY_MINUTES) % DAY_MINUTES;
}

export function isMine(block: Block): boolean {
  return block.booking !== undefined && block.booking.user.id === me()?.id;
}

/** What a block is, in a few words. */
export function nameOf(block: Block): string {
  if (block.kind === "closed") {
    return block.reason ? t("find:closed_for", { reason: block.reason }) : t("find:kinds.closed");
  }
  return block.booking?.title ?? t(`find:kinds.${block.kind}`);
}

/** What a block is and when, with who holds it and the viewer's own time where those are known. */
export function about(line: Line, block: Block): string {
  const mine = isMine(block);
  const shown = isHeld(block) ? block : ofDayOnly(line, block);
  return [
    mine ? t("find:kinds.mine") : isHeld(block) ? t(`find:kinds.${block.kind}`) : nameOf(block),
    times(line, shown),
    ...(block.booking ? [block.booking.title] : []),
    ...(block.booking && !mine ? [block.booking.user.display_name] : []),
    spanHere(shown.start, shown.end, line.timeline.facility.time_zone),
  ]
    .filter((text) => text !== "")
    .join(" · ");
}

/**
 * What the line shows of it. When a booking begins and ends says something; a mark of the service's
 * that goes on into other days ends where what was asked for ended, which says nothing.
 */
function ofDayOnly({ scale }: Line, { start, end }: Stretch): Stretch {
  return { start: Math.max(start, scale.start), end: Math.min(end, scale.end) };
}

/** Why nothing can be booked at a moment, and from when on it can, of the same day. */
export function whyNot(line: Line, at: number): string {
  const { refusal, facility } = line.timeline;
  if (refusal) {
    return refusal.detail;
  }
  const block = blockAt(line, at);
  if (block === undefined) {
    const least = line.timeline.rules.min_duration_minutes;
    return t("find:too_narrow", { name: facility.name, length: length(least) });
  }
  const next = freeInDay(line).find(({ start }) => start >= at);
  const then = next
    ? t("find:free_from", { time: clock(next.start, facility.time_zone) })
    : t("find:not_free_later");
  return `${facility.name}, ${about(line, block)}. ${then}`;
}

/** What a marked time is, as it is read out. */
export function marked(line: Line, mark: Stretch, isFree: boolean): string {
  const { facility } = line.timeline;
  const zone = facility.time_zone;
  const block = blockAt(line, mark.start);
  const what = block
    ? about(line, block)
    : freeAt(line, mark.start) && isFree
      ? t("find:free")
      : line.timeline.refusal
        ? line.timeline.refusal.detail
        : t("find:too_short_here");
  return t("find:marked", {
    name: facility.name,
    start: clock(mark.start, zone),
    end: clock(mark.end, zone),
    what,
  });
}

/** When a facility is free on the day: what there is to know of its line, in one sentence. */
export function summary(line: Line): string {
  const free = freeInDay(line);
  return free.length === 0
    ? t("find:nothing_free")
    : t("find:free_at", { times: free.map((each) => times(line, each)).join(", ") });
}

/** How a facility's clock differs from the viewer's, `5 h behind`. */
export function zoneText(at: number, zone: string): string {
  const ahead = offset(at, zone) - offset(at, here);
  if (ahead === 0) {
    return t("find:zone.same");
  }
  return t(ahead > 0 ? "find:zone.ahead" : "find:zone.behind", { length: length(Math.abs(ahead)) });
}

/** Whether the clocks of a zone and of the viewer show the same. */
export function isOurClock(at: number, zone: string): boolean {
  return offset(at, zone) === offset(at, here);
}

const offsets = new Map<string, number>();

/** How many minutes a zone's clock is ahead of UTC's; hundreds of lines ask for the same. */
function offset(at: number, zone: string): number {
  const key = `${at} ${zone}`;
  let minutes = offsets.get(key);
  if (minutes === undefined) {
    minutes = offsetMinutes(at, zone);
    offsets.set(key, minutes);
  }
  return minutes;
}

/** An amenity as people write it: `natural light`. */
export function amenityText(amenity: string): string {
  return amenity.replaceAll("_", " ");
}

/** `Room · 12 people` */
export function kindText({ facility_type, capacity }: Schemas["FacilityBasic"]): string {
  return `${t(`common:types.${facility_type}`)} · ${t("common:people", { count: capacity })}`;
}

/** How much of the clock a mark takes, in minutes. */
export function minutesOf({ start, end }: Stretch): number {
  return (end - start) / MINUTE;
}
