import { describe, expect, test } from "vitest";
import type { Schemas } from "../../src/app/api.ts";
import { heatOf, shadeOf } from "../../src/staff/analytics/heat.ts";
import { axis, named } from "../../src/staff/analytics/scale.ts";
import { csvOf, stepsOf } from "../../src/staff/analytics/usage.ts";

describe("the heat map", () => {
  const row = (
    weekday: Schemas["Weekday"],
    hour: number,
    open: number,
    outside = 0,
  ): Schemas["UtilisationRow"] => ({
    weekday,
    hour,
    open_minutes: open,
    booked_minutes: 0,
    booked_outside_minutes: outside,
    utilisation: 0,
  });

  test("has a column for each hour from the first to the last that is open or booked", () => {
    const heat = heatOf([
      row("monday", 7, 0),
      row("monday", 8, 60),
      row("tuesday", 10, 60),
      row("sunday", 11, 0, 30),
      row("sunday", 12, 0),
    ]);
    expect(heat.hours).toEqual([8, 9, 10, 11]);
  });

  test("has a row for each weekday, with gaps where the report has none", () => {
    const { rows } = heatOf([row("tuesday", 10, 60)]);
    expect(rows.map(({ weekday }) => weekday)).toHaveLength(7);
    expect(rows[1]?.cells[0]?.open_minutes).toBe(60);
    expect(rows[0]?.cells[0]).toBeUndefined();
  });

  test("is empty where nothing is ever open", () => {
    expect(heatOf([row("monday", 7, 0)])).toEqual({ hours: [], rows: [] });
  });

  test.each([
    [0, 0],
    [0.001, 1],
    [0.1, 1],
    [0.11, 2],
    [0.5, 3],
    [0.51, 4],
    [1, 5],
  ])("shades %f as %i", (share, shade) => {
    expect(shadeOf(share)).toBe(shade);
  });
});

describe("an axis", () => {
  test.each([
    [0, [0, 2, 4]],
    [4, [0, 2, 4]],
    [5, [0, 3, 6]],
    [41, [0, 30, 60]],
    [77, [0, 40, 80]],
    [1_234, [0, 1_000, 2_000]],
  ])("that holds %f is %j", (largest, ticks) => {
    expect(axis(largest, 4)).toEqual(ticks);
  });

  test("ends where there can be no more", () => {
    expect(axis(0.97, 0.1, 1)).toEqual([0, 0.5, 1]);
    expect(axis(0.03, 0.1, 1)).toEqual([0, 0.05, 0.1]);
  });

  test("names as many columns as there is room for", () => {
    expect([...named(30, 320, 64)]).toEqual([0, 6, 12, 18, 24]);
    expect([...named(3, 320, 64)]).toEqual([0, 1, 2]);
    expect([...named(3, 10, 64)]).toEqual([0]);
  });
});

describe("visits", () => {
  const measures = {
    visits: 240,
    begun: 180,
    booked: 162,
    with_conflict: 9,
    success_rate: 0.9,
    conflict_rate: 0.05,
  };
  const report = {
    is_counting: true,
    ...measures,
    weeks: [{ week: "2027-03-01", ...measures, users: 41, new_users: 3 }],
  };

  test("are lost from step to step", () => {
    expect(stepsOf(report)).toEqual([
      { step: "visits", count: 240, share: 1, lost: 0 },
      { step: "begun", count: 180, share: 0.75, lost: 60 },
      { step: "booked", count: 162, share: 0.675, lost: 18 },
    ]);
  });

  test("that nobody made have no shares", () => {
    const none = { ...report, visits: 0, begun: 0, booked: 0 };
    expect(stepsOf(none).map(({ share }) => share)).toEqual([0, 0, 0]);
  });

  test("are a line a week in CSV", () => {
    expect(csvOf(report)).toBe(
      "week,visits,begun,booked,with_conflict,success_rate,conflict_rate,users,new_users\r\n" +
        "2027-03-01,240,180,162,9,0.9,0.05,41,3\r\n",
    );
  });
});
