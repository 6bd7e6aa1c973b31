import { describe, expect, test } from "vitest";
import type { BookingSummary } from "../../src/app/api.ts";
import { byDay, isToCome } from "../../src/mine/days.ts";
import { along, fitting, hoursOf, nearest, next, shownOf } from "../../src/mine/moving.ts";

const starts = [0, 30, 60, 120];

describe("moving a booking", () => {
  test("takes the start that is nearest", () => {
    expect([-5, 40, 50, 95, 500].map((wanted) => nearest(starts, wanted))).toEqual([
      0, 30, 60, 120, 120,
    ]);
    expect(nearest([], 7)).toBeUndefined();
  });

  test("goes to the next start there is, and nowhere where there is none", () => {
    expect([next(starts, 60, 1), next(starts, 60, -1), next(starts, 120, 1)]).toEqual([
      120, 30, 120,
    ]);
  });

  test("leaves out where it does not fit", () => {
    expect(fitting(starts, (start) => (start === 30 ? [45] : [start + 60]), 60)).toEqual([
      0, 60, 120,
    ]);
  });
});

test("what lies outside of a stretch is drawn at its edge", () => {
  expect([-10, 0, 600_000, 1_200_000, 9_000_000].map((at) => along(at, 0, 1_200_000))).toEqual([
    0, 0, 50, 100, 100,
  ]);
});

test("bookings are told by the days of their own facilities", () => {
  const booking = (id: number, start: string, zone: string) =>
    ({ id, start_time: start, facility: { time_zone: zone } }) as BookingSummary;
  const found = byDay([
    booking(1, "2027-03-09T22:30:00Z", "Europe/Berlin"),
    booking(2, "2027-03-09T22:45:00Z", "Europe/Berlin"),
    booking(3, "2027-03-09T23:30:00Z", "Europe/Berlin"),
    booking(4, "2027-03-09T23:45:00Z", "America/New_York"),
  ]);
  expect(found.map(({ day, bookings }) => [day, bookings.map(({ id }) => id)])).toEqual([
    ["2027-03-09", [1, 2]],
    ["2027-03-10", [3]],
    ["2027-03-09", [4]],
  ]);
});

test("a day that comes again between two others is another group", () => {
  const booking = (id: number, start: string, zone: string) =>
    ({ id, start_time: start, facility: { time_zone: zone } }) as BookingSummary;
  const keys = byDay([
    booking(1, "2027-03-09T22:30:00Z", "Europe/Berlin"),
    booking(2, "2027-03-09T23:30:00Z", "Europe/Berlin"),
    booking(3, "2027-03-09T23:45:00Z", "America/New_York"),
  ]).map(({ key }) => key);
  expect(new Set(keys).size).toBe(3);
});

test("what others cancelled stays among what is to come, and what I gave up does not", () => {
  const booking = (status: string, cause?: string) =>
    ({
      end_time: "2027-03-09T10:00:00Z",
      status,
      ...(cause ? { cancellation_cause: cause } : {}),
    }) as BookingSummary;
  const end = Date.parse("2027-03-09T10:00:00Z");
  expect(isToCome(booking("confirmed"), end - 1)).toBe(true);
  expect(isToCome(booking("confirmed"), end)).toBe(false);
  expect(isToCome(booking("cancelled", "staff"), end - 1)).toBe(true);
  expect(isToCome(booking("cancelled", "owner"), end - 1)).toBe(false);
});

describe("the strip of a day", () => {
  const hour = 3_600_000;
  const day = { start: 0, end: 24 * hour };
  const closed = (from: number, to: number) => ({
    kind: "outside_opening_hours",
    start: from * hour,
    end: to * hour,
  });
  const booking = { start: 10 * hour, end: 11 * hour };

  test("shows when it is open, in whole hours", () => {
    const found = shownOf(day, [closed(0, 7.5), closed(12, 13), closed(18.25, 32)], booking);
    expect(found).toEqual({ start: 7 * hour, end: 19 * hour });
    expect(shownOf(day, [], booking)).toEqual(day);
  });

  test("shows the booking wherever it lies", () => {
    const found = shownOf(day, [closed(0, 12), closed(18, 24)], booking);
    expect(found).toEqual({ start: 10 * hour, end: 18 * hour });
  });

  test("names a handful of hours", () => {
    expect(hoursOf({ start: 7 * hour, end: 11 * hour })).toHaveLength(4);
    expect(hoursOf(day)).toHaveLength(8);
  });
});
