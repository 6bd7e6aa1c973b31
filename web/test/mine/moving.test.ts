import { describe, expect, test } from "vitest";
import type { BookingSummary } from "../../src/app/api.ts";
import { byDay } from "../../src/mine/days.ts";
import { along, fitting, nearest, next } from "../../src/mine/moving.ts";

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
