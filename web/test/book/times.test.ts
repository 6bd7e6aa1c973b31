import { describe, expect, test } from "vitest";
import {
  endsAfter,
  freeWithin,
  startsOn,
  type Timeline,
  withChosen,
} from "../../src/book/times.ts";
import { MINUTE, read, wire } from "../../src/time/zones.ts";

const facility = {
  id: 1,
  name: "Lighthouse",
  site: { id: 1, name: "Harbour Campus" },
  facility_type: "room" as const,
  capacity: 12,
  time_zone: "Europe/Berlin",
};

const rules: Timeline["rules"] = {
  min_duration_minutes: 30,
  max_duration_minutes: 120,
  min_notice_minutes: 0,
  horizon_days: 365,
  start_step_minutes: 30,
  cancellation_notice_minutes: 0,
  buffer_before_minutes: 0,
  buffer_after_minutes: 0,
  requires_approval: false,
  approval_timeout_minutes: 2880,
};

type Block = Timeline["blocks"][number];

/** A day in winter, when Berlin's clock is an hour ahead. */
function at(clock: string, day = "2027-03-09"): string {
  return `${day}T${clock}:00Z`;
}

function block(kind: Block["kind"], from: string, to: string, id?: number): Block {
  const user = { id: 7, username: "maria" };
  return {
    kind,
    start_time: at(from),
    end_time: at(to),
    ...(id === undefined ? {} : { booking: { id, title: "Portfolio meeting", user } }),
  };
}

function timeline(blocks: Block[], more: Partial<typeof rules> = {}): Timeline {
  return { facility, amenities: [], rules: { ...rules, ...more }, blocks };
}

const day = { start: read(at("08:00")), end: read(at("12:00")) };

describe("what is free", () => {
  test("is what no block covers", () => {
    const found = freeWithin(timeline([block("booked", "09:00", "10:00")]), day);
    expect(found.map(({ start, end }) => [wire(start), wire(end)])).toEqual([
      [at("08:00"), at("09:00")],
      [at("10:00"), at("12:00")],
    ]);
  });

  test("is nothing where all is taken", () => {
    expect(freeWithin(timeline([block("closed", "07:00", "13:00")]), day)).toEqual([]);
  });

  test("includes what the moved booking holds, and the buffers beside it", () => {
    const blocks = [
      block("buffer", "08:30", "09:00"),
      block("booked", "09:00", "10:00", 5),
      block("buffer", "10:00", "10:30"),
      block("booked", "11:00", "12:00", 6),
    ];
    const found = freeWithin(timeline(blocks), day, 5);
    expect(found.map(({ end }) => wire(end))).toEqual([at("11:00")]);
  });
});

describe("when a booking can begin", () => {
  test("is on the steps of the facility's clock, with room for the shortest", () => {
    const blocks = [
      block("outside_opening_hours", "00:00", "07:15"),
      block("booked", "08:45", "22:59"),
    ];
    const found = startsOn("2027-03-09", timeline(blocks)).map(wire);
    expect(found).toContain(at("07:30"));
    expect(found).toContain(at("08:00"));
    expect(found).not.toContain(at("07:15"));
    expect(found).not.toContain(at("08:30"));
  });

  test("is within the facility's own day", () => {
    const found = startsOn("2027-03-09", timeline([])).map(wire);
    expect(found[0]).toBe(at("23:00", "2027-03-08"));
    expect(found.at(-1)).toBe(at("22:30"));
    expect(found).toHaveLength(48);
  });
});

describe("when a booking can end", () => {
  test("is from the shortest to the longest, or to what comes next", () => {
    const free = timeline([block("booked", "10:00", "11:00")]);
    expect(endsAfter(read(at("09:00")), free).map(wire)).toEqual([
      at("09:30"),
      at("09:45"),
      at("10:00"),
    ]);
    expect(endsAfter(read(at("11:00")), free).at(-1)).toBe(read(at("11:00")) + 120 * MINUTE);
  });

  test("is never where it cannot begin", () => {
    expect(endsAfter(read(at("10:30")), timeline([block("booked", "10:00", "11:00")]))).toEqual([]);
  });
});

test("what is chosen stays among the choices, in its place", () => {
  expect(withChosen([1, 3], 2)).toEqual([1, 2, 3]);
  expect(withChosen([1, 2, 3], 2)).toEqual([1, 2, 3]);
});
