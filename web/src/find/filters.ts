/** Which facilities to show. All of it lies in the address, so that a view can be shared. */
import type { Schemas } from "../app/api.ts";
import { MINUTE, QUARTER_MINUTES } from "../time/zones.ts";
import { choiceFrom, hasRoom, markAfter, stepOf, usualLength } from "./choice.ts";
import { blockAt, type Line } from "./line.ts";

export type Kind = Schemas["FacilityType"];

export const kinds = ["room", "court", "lab", "desk", "vehicle", "other"] as const;

export interface Filters {
  text: string;
  /** 0 for all sites. */
  siteId: number;
  /** How many people it has to hold; 0 for any number. */
  capacity: number;
  kind: Kind | "";
  amenities: string[];
  /** Only what can be had at once. */
  isFreeNow: boolean;
  /** Only what is free from this minute of the day on, by its clock. */
  at: number | undefined;
  /** For how long, in minutes; 0 for any length. */
  minutes: number;
}

/** The names that the filters have in an address, one each. */
export const names = {
  text: "q",
  siteId: "site",
  capacity: "capacity",
  kind: "kind",
  amenities: "amenities",
  isFreeNow: "now",
  at: "at",
  minutes: "for",
} as const satisfies Record<keyof Filters, string>;

export type Filter = keyof Filters;

/** The filters of an address; what it says wrongly is as if it were not there. */
export function readFilters(value: (name: string) => string): Filters {
  const kind = value(names.kind);
  const minutes = whole(value(names.minutes), 480);
  return {
    text: value(names.text).slice(0, 100),
    siteId: whole(value(names.siteId), 2 ** 31 - 1),
    capacity: whole(value(names.capacity), 100_000),
    kind: kinds.find((each) => each === kind) ?? "",
    amenities: value(names.amenities)
      .split(",")
      .filter((each) => /^[a-z0-9][a-z0-9_]{0,49}$/.test(each))
      .slice(0, 50),
    isFreeNow: value(names.isFreeNow) === "1",
    at: minuteOfText(value(names.at)),
    minutes: minutes % QUARTER_MINUTES === 0 ? minutes : 0,
  };
}

/** What of them the service is asked for. */
export function asked({ text, siteId, capacity, kind, amenities }: Filters) {
  const search = text.replaceAll(/\p{C}/gu, "").trim();
  return {
    ...(search === "" ? {} : { search }),
    ...(siteId === 0 ? {} : { site_id: siteId }),
    ...(capacity === 0 ? {} : { min_capacity: capacity }),
    ...(kind === "" ? {} : { facility_type: kind }),
    ...(amenities.length === 0 ? {} : { amenities }),
  };
}

/** The filters that are set. */
export function active(filters: Filters): Filter[] {
  return (Object.keys(names) as Filter[]).filter((name) => {
    const value = filters[name];
    return Array.isArray(value)
      ? value.length > 0
      : value !== undefined && Boolean(value || name === "at");
  });
}

/** Those that only the page can answer, from what is booked and free. */
export const ofTime: ReadonlySet<Filter> = new Set(["isFreeNow", "at", "minutes"]);

/** Whether the facility is free as the filters ask. */
export function isFreeAsAsked(line: Line, filters: Filters, now: number): boolean {
  const { isFreeNow, at, minutes } = filters;
  if (isFreeNow && !isFreeSoon(line, minutes, now)) {
    return false;
  }
  if (at !== undefined) {
    return isFreeFrom(line, line.scale.instant(at), minutes);
  }
  return isFreeNow || minutes === 0 || hasRoom(line, minutes);
}

/** Whether nobody has it now and a booking of it can begin on its very next step. */
function isFreeSoon(line: Line, minutes: number, now: number): boolean {
  const block = blockAt(line, now);
  if (block !== undefined && block.kind !== "notice") {
    return false;
  }
  const start = markAfter(line, now);
  return start - now <= stepOf(line) * MINUTE && isFreeFrom(line, start, minutes);
}

function isFreeFrom(line: Line, start: number, minutes: number): boolean {
  const wanted = minutes || line.timeline.rules.min_duration_minutes;
  const choice = choiceFrom(line, start, wanted);
  return (
    choice !== undefined &&
    usualLength(line, wanted) >= wanted &&
    choice.end - choice.start >= wanted * MINUTE
  );
}

/** `14:30` as minutes of the day; undefined if it is no quarter of an hour. */
export function minuteOfText(text: string): number | undefined {
  const found = /^([01][0-9]|2[0-3]):(00|15|30|45)$/.exec(text);
  return found ? Number(found[1]) * 60 + Number(found[2]) : undefined;
}

/** Minutes of a day as a clock shows them; `24:00` is the midnight that ends it. */
export function textOfMinute(minute: number): string {
  const two = (number: number) => String(number).padStart(2, "0");
  return `${two(Math.floor(minute / 60))}:${two(Math.floor(minute % 60))}`;
}

function whole(text: string, most: number): number {
  const number = /^[0-9]{1,10}$/.test(text) ? Number(text) : 0;
  return number <= most ? number : 0;
}
