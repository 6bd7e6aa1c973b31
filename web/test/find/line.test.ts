import { expect, test } from "vitest";
import {
  blockAt,
  compared,
  freeInDay,
  freeStretches,
  lineOf,
  pieces,
  scaleOf,
} from "../../src/find/line.ts";
import { windowOf } from "../../src/find/window.ts";
import { MINUTE } from "../../src/time/zones.ts";
import { at, block, DAY, line, timeline } from "./some.ts";

test("a day's minutes are those of the facility's own clock", () => {
  expect(scaleOf(DAY, "Europe/Berlin").minute(Date.parse(`${DAY}T08:00:00Z`))).toBe(9 * 60);
  expect(scaleOf(DAY, "America/New_York").minute(Date.parse(`${DAY}T14:00:00Z`))).toBe(9 * 60);
  expect(scaleOf(DAY, "Asia/Kathmandu").instant(9 * 60)).toBe(Date.parse(`${DAY}T03:15:00Z`));
});

test.each([
  ["2027-03-28", 9 * 60, "2027-03-28T07:00:00Z"],
  ["2027-10-31", 9 * 60, "2027-10-31T08:00:00Z"],
])("on %s, when clocks change, nine is still nine", (day, minute, instant) => {
  const scale = scaleOf(day, "Europe/Berlin");
  expect(scale.minute(Date.parse(instant))).toBe(minute);
  expect(scale.instant(minute)).toBe(Date.parse(instant));
});

test("a booking over midnight is cut off where the day ends", () => {
  const late = line([
    { kind: "booked", start_time: `${DAY}T22:00:00Z`, end_time: "2027-03-10T01:00:00Z" },
  ]);
  expect(pieces(late, late.blocks).map(({ from, to }) => [from, to])).toEqual([[23 * 60, 24 * 60]]);
});

test("what only touches the day is not of it", () => {
  const before = line([
    { kind: "booked", start_time: "2027-03-08T22:00:00Z", end_time: "2027-03-08T23:00:00Z" },
  ]);
  expect(pieces(before, before.blocks)).toEqual([]);
});

test("what lies between blocks is free, beyond midnight too", () => {
  const one = line([block("booked", "09:00", "10:00"), block("buffer", "10:00", "10:15")]);
  expect(freeInDay(one)).toEqual([
    { start: at("00:00"), end: at("09:00") },
    { start: at("10:15"), end: at("00:00", "2027-03-10") },
  ]);
  expect(freeStretches(one).at(-1)?.end).toBe(at("08:00", "2027-03-10"));
});

test("nothing is free where one may not book at all", () => {
  const refused = lineOf(
    "1",
    { ...timeline(), refusal: { type: "facility_restricted", detail: "Only for the crew." } },
    DAY,
    windowOf(DAY, 1, ["Europe/Berlin"]),
  );
  expect(freeStretches(refused)).toEqual([]);
});

test("a block begins with its first moment and ends before its last", () => {
  const one = line([block("booked", "09:00", "10:00")]);
  expect(blockAt(one, at("09:00") - 1)).toBeUndefined();
  expect(blockAt(one, at("09:00"))?.kind).toBe("booked");
  expect(blockAt(one, at("10:00"))).toBeUndefined();
});

test("what is booked, and what is given up, is news; what moves with the clock is not", () => {
  const before = line([block("notice", "00:00", "08:00"), block("booked", "09:00", "10:00")]);
  const after = compared(
    before,
    line([block("notice", "00:00", "08:15"), block("booked", "11:00", "12:00")]),
  );
  expect([...after.fresh]).toEqual([after.blocks[1]?.key]);
  expect(after.freed.map(({ start }) => start)).toEqual([at("09:00")]);
});

test("what was given up and taken by another is not free", () => {
  const before = line([block("booked", "09:00", "10:00")]);
  expect(compared(before, line([block("booked", "09:00", "09:30")])).freed).toEqual([]);
});

test("the window covers the day in all zones, and the longest booking after it", () => {
  expect(windowOf(DAY, 1, ["America/New_York", "Asia/Kathmandu"])).toEqual({
    start: Date.parse("2027-03-08T18:15:00Z"),
    end: Date.parse("2027-03-10T05:00:00Z") + 480 * MINUTE,
  });
});
