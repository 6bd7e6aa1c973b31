/** Timelines for the tests of what is found. */
import type { Timeline } from "../../src/find/line.ts";
import { type Line, lineOf } from "../../src/find/line.ts";
import { windowOf } from "../../src/find/window.ts";

type Block = Timeline["blocks"][number];

export const ZONE = "Europe/Berlin";
/** In winter: clocks show an hour more than UTC's. */
export const DAY = "2027-03-09";

/** `09:30` on the day, by the facility's clock. */
export function at(time: string, day = DAY): number {
  return Date.parse(`${day}T${time}:00+01:00`);
}

export function block(kind: Block["kind"], start: string, end: string): Block {
  return {
    kind,
    start_time: new Date(at(start)).toISOString(),
    end_time: new Date(at(end)).toISOString(),
  };
}

export function timeline(
  blocks: Block[] = [],
  rules: Partial<Timeline["rules"]> = {},
  facility: Partial<Timeline["facility"]> = {},
): Timeline {
  return {
    facility: {
      id: 1,
      name: "Lighthouse",
      site: { id: 1, name: "Harbour" },
      facility_type: "room",
      capacity: 8,
      time_zone: ZONE,
      ...facility,
    },
    amenities: [],
    rules: {
      min_duration_minutes: 15,
      max_duration_minutes: 480,
      min_notice_minutes: 0,
      horizon_days: 365,
      start_step_minutes: 15,
      cancellation_notice_minutes: 0,
      buffer_before_minutes: 0,
      buffer_after_minutes: 0,
      requires_approval: false,
      approval_timeout_minutes: 2880,
      ...rules,
    },
    blocks,
  };
}

export function line(...given: Parameters<typeof timeline>): Line {
  const one = timeline(...given);
  const zone = one.facility.time_zone;
  return lineOf("1", one, DAY, windowOf(DAY, 1, [zone]));
}
