import { expect, test } from "vitest";
import {
  askingOf,
  csvAddress,
  dayCount,
  daysOf,
  parametersOf,
} from "../../src/staff/analytics/period.ts";

const today = "2026-11-23";

function asked(address: string) {
  const query = new URLSearchParams(address);
  return askingOf((name) => query.get(name) ?? "", today);
}

test("without a word it is about the last 30 days, today being one of them", () => {
  expect(asked("")).toEqual({ preset: "last_30", start: "2026-10-25", end: today });
  expect(dayCount(asked(""))).toBe(30);
});

test("a period goes with the days", () => {
  expect(asked("period=last_7")).toEqual({ preset: "last_7", start: "2026-11-17", end: today });
  expect(daysOf("last_365", today)).toEqual({ start: "2025-11-24", end: today });
});

test("days that were chosen one by one stay as they are", () => {
  expect(asked("period=last_7&start=2026-01-01&end=2026-02-28&site=3&kind=lab")).toEqual({
    start: "2026-01-01",
    end: "2026-02-28",
    siteId: 3,
    kind: "lab",
  });
});

test.each([
  "period=toString",
  "start=2026-02-30&end=2026-03-01",
  "start=2026-02-01",
  "site=-1&kind=castle",
  "site=1.5",
])("what %s says of no day, site or kind is as if it said nothing", (address) => {
  expect(asked(address)).toEqual(asked(""));
});

test("reports and their CSV are asked the same", () => {
  const asking = asked("start=2026-01-01&end=2026-02-28&site=3&kind=lab");
  expect(parametersOf(asking)).toEqual({
    start_date: "2026-01-01",
    end_date: "2026-02-28",
    site_id: 3,
    facility_type: "lab",
  });
  expect(csvAddress("top_facilities", asking, "conflicts")).toBe(
    "/api/v1/exports/top_facilities/" +
      "?start_date=2026-01-01&end_date=2026-02-28&site_id=3&facility_type=lab&by=conflicts",
  );
});
