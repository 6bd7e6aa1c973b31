/** The days that a report is about, and what it leaves out: as the address has it. */
import type { Schemas } from "../../app/api.ts";
import { addDays, type Day, isDay } from "../../time/zones.ts";

type Kind = Schemas["FacilityType"];

export const presets = { last_7: 7, last_30: 30, last_90: 90, last_365: 365 } as const;

export type Preset = keyof typeof presets;

export const kinds = [
  "room",
  "court",
  "lab",
  "desk",
  "vehicle",
  "other",
] as const satisfies readonly Kind[];

export interface Asking {
  /** Absent where the days were chosen one by one. */
  preset?: Preset;
  start: Day;
  end: Day;
  siteId?: number;
  kind?: Kind;
}

const USUAL: Preset = "last_30";

export function isPreset(text: string): text is Preset {
  return Object.hasOwn(presets, text);
}

/** The days of a preset, of which today is the last. */
export function daysOf(preset: Preset, today: Day): { start: Day; end: Day } {
  return { start: addDays(today, 1 - presets[preset]), end: today };
}

/** What the address asks for; what it says that is no day or no kind is as if it said nothing. */
export function askingOf(query: (name: string) => string, today: Day): Asking {
  const [start, end, named] = [query("start"), query("end"), query("period")];
  const preset = isPreset(named) ? named : USUAL;
  const days = isDay(start) && isDay(end) ? { start, end } : { preset, ...daysOf(preset, today) };
  const siteId = Number(query("site"));
  const kind = kinds.find((each) => each === query("kind"));
  return {
    ...days,
    ...(Number.isInteger(siteId) && siteId > 0 ? { siteId } : {}),
    ...(kind === undefined ? {} : { kind }),
  };
}

/** How many days there are, both ends counted. */
export function dayCount({ start, end }: Pick<Asking, "start" | "end">): number {
  return Math.round((Date.parse(end) - Date.parse(start)) / 86_400_000) + 1;
}

/** The parameters of every report. */
export function parametersOf({ start, end, siteId, kind }: Asking) {
  return {
    start_date: start,
    end_date: end,
    ...(siteId === undefined ? {} : { site_id: siteId }),
    ...(kind === undefined ? {} : { facility_type: kind }),
  };
}

/** Where the same can be had as CSV. */
export function csvAddress(
  table: Schemas["ExportTable"],
  asking: Asking,
  by?: Schemas["FacilityMeasure"],
): string {
  const parameters = new URLSearchParams(
    Object.entries(parametersOf(asking)).map(([name, value]) => [name, String(value)]),
  );
  if (by !== undefined) {
    parameters.set("by", by);
  }
  return `/api/v1/exports/${table}/?${parameters}`;
}
