import { expect, test } from "vitest";
import {
  clockIn,
  copied,
  faults,
  isOvernight,
  type Period,
  stored,
  summary,
} from "../../src/staff/hours.ts";

const period = (weekday: Period["weekday"], opens: string, closes: string): Period => ({
  weekday,
  opens,
  closes,
});

test("hours that are stored in minutes of the week are read as days and clocks", () => {
  expect(stored("{[480,1080),[1920,2880)}")).toEqual([
    period("monday", "08:00", "18:00"),
    period("tuesday", "08:00", "24:00"),
  ]);
});

test("hours over midnight belong to the day on which it opens, at the week's end too", () => {
  expect(stored("{[1200,1560)}")).toEqual([period("monday", "20:00", "02:00")]);
  expect(stored("{[0,120),[9840,10080)}")).toEqual([period("sunday", "20:00", "02:00")]);
});

test("what is open for days on end is read day by day", () => {
  expect(stored("{[0,10080)}")).toHaveLength(7);
  expect(stored("{[0,10080)}")?.[6]).toEqual(period("sunday", "00:00", "24:00"));
});

test("no hours are empty, and what is no hours is nothing", () => {
  expect(stored("{}")).toEqual([]);
  expect(stored("whatever")).toBeUndefined();
});

test.each([
  ["the midnight that ends the day", "24:00", false],
  ["an hour later than it opens", "09:00", false],
  ["the time at which it opens", "08:00", true],
  ["an earlier time", "02:00", true],
])("closing at %s is on the next day or not", (_, closes, expected) => {
  expect(isOvernight(period("friday", "08:00", closes))).toBe(expected);
});

test("what overlaps is found, and what only touches is not", () => {
  const morning = period("monday", "08:00", "12:00");
  expect(faults([morning, period("monday", "12:00", "14:00")])).toEqual([undefined, undefined]);
  expect(faults([morning, period("monday", "11:45", "14:00")])).toEqual([undefined, "overlap"]);
});

test("Sunday's night that reaches into Monday's hours overlaps them", () => {
  const monday = period("monday", "01:00", "12:00");
  expect(faults([monday, period("sunday", "20:00", "01:00")])).toEqual([undefined, undefined]);
  expect(faults([monday, period("sunday", "20:00", "01:15")])).toEqual([undefined, "overlap"]);
});

test("hours that are empty, half typed or between quarters are at fault", () => {
  expect(faults([period("monday", "08:00", "08:00")])).toEqual(["empty"]);
  expect(faults([period("monday", "", "08:00")])).toEqual(["incomplete"]);
  expect(faults([period("monday", "08:10", "09:00")])).toEqual(["off_mark"]);
});

test("the hours of a day take the place of those of the days they are copied to", () => {
  const periods = [period("monday", "08:00", "18:00"), period("tuesday", "10:00", "11:00")];
  expect(copied(periods, "monday", ["tuesday", "wednesday"])).toEqual([
    period("monday", "08:00", "18:00"),
    period("tuesday", "08:00", "18:00"),
    period("wednesday", "08:00", "18:00"),
  ]);
});

test("days that follow one another with the same hours are told together", () => {
  const working = (["monday", "tuesday", "wednesday"] as const).map((day) =>
    period(day, "08:00", "18:00"),
  );
  expect(summary(working)).toEqual([
    { first: "monday", last: "wednesday", spans: ["08:00–18:00"] },
    { first: "thursday", last: "sunday", spans: [] },
  ]);
});

test.each([
  ["9", "09:00"],
  ["17", "17:00"],
  ["930", "09:30"],
  ["1745", "17:45"],
  ["9.30", "09:30"],
  ["09:30", "09:30"],
  ["24", "24:00"],
  ["24:00", "24:00"],
])("%s is meant as %s", (text, expected) => {
  expect(clockIn(text)).toBe(expected);
});

test.each(["", "25", "24:15", "9:60", "noon", "9:5"])("%s is no time", (text) => {
  expect(clockIn(text)).toBeUndefined();
});
