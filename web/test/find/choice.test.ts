import { expect, test } from "vitest";
import { choiceAt, choiceBetween, choiceFrom, ends, hasRoom } from "../../src/find/choice.ts";
import type { Stretch, Timeline } from "../../src/find/line.ts";
import { at, block, line } from "./some.ts";

type Rules = Partial<Timeline["rules"]>;

function shown(stretch: Stretch | undefined): string {
  const text = (milliseconds: number) =>
    new Date(milliseconds + 3_600_000).toISOString().slice(11, 16);
  return stretch ? `${text(stretch.start)}-${text(stretch.end)}` : "none";
}

test.each<[string, Rules, string]>([
  ["09:00", {}, "09:00-10:00"],
  ["09:14", {}, "09:00-10:00"],
  ["09:29", { start_step_minutes: 30 }, "09:00-10:00"],
  ["09:59", { start_step_minutes: 60 }, "09:00-10:00"],
  ["09:00", { max_duration_minutes: 45 }, "09:00-09:45"],
  ["09:00", { min_duration_minutes: 120 }, "09:00-11:00"],
])("a click at %s by the rules %o proposes %s", (time, rules, expected) => {
  expect(shown(choiceAt(line([], rules), at(time)))).toBe(expected);
});

test("a click proposes no more than there is room for", () => {
  const one = line([block("booked", "08:00", "09:00"), block("booked", "09:45", "11:00")]);
  expect(shown(choiceAt(one, at("09:00")))).toBe("09:00-09:45");
});

test("a click too late in a free time proposes the last booking that fits", () => {
  const one = line([block("booked", "11:00", "12:00")], { min_duration_minutes: 60 });
  expect(shown(choiceAt(one, at("10:45")))).toBe("10:00-11:00");
});

test("a click in a free time that begins off the step proposes its first step", () => {
  const one = line([block("buffer", "08:00", "09:15")], { start_step_minutes: 60 });
  expect(shown(choiceAt(one, at("09:30")))).toBe("10:00-11:00");
});

test("a click where the shortest booking does not fit proposes none", () => {
  const one = line([block("booked", "08:00", "09:00"), block("booked", "09:30", "11:00")], {
    min_duration_minutes: 60,
  });
  expect(shown(choiceAt(one, at("09:15")))).toBe("none");
});

test("a click on what is taken proposes nothing", () => {
  expect(choiceAt(line([block("booked", "08:00", "09:00")]), at("08:30"))).toBeUndefined();
});

test("late in the evening a booking goes on after midnight", () => {
  expect(shown(choiceAt(line(), at("23:30")))).toBe("23:30-00:30");
});

test.each<[string, string, Rules, string]>([
  ["09:00", "10:20", {}, "09:00-10:30"],
  ["09:10", "10:20", {}, "09:00-10:30"],
  ["09:00", "09:05", {}, "09:00-09:15"],
  ["10:20", "09:05", {}, "09:00-10:30"],
  ["09:00", "12:00", { max_duration_minutes: 120 }, "09:00-11:00"],
  ["12:00", "09:00", { max_duration_minutes: 120 }, "10:00-12:00"],
  ["09:00", "09:10", { min_duration_minutes: 60 }, "09:00-10:00"],
  ["10:00", "09:55", { min_duration_minutes: 60 }, "09:00-10:00"],
  ["09:40", "10:40", { start_step_minutes: 60 }, "09:00-10:45"],
])("a drag from %s to %s by the rules %o marks %s", (from, to, rules, expected) => {
  expect(shown(choiceBetween(line([], rules), at(from), at(to)))).toBe(expected);
});

test("a drag ends where the free time does, on either side", () => {
  const one = line([block("booked", "08:00", "09:00"), block("booked", "12:00", "13:00")]);
  expect(shown(choiceBetween(one, at("10:00"), at("14:00")))).toBe("10:00-12:00");
  expect(shown(choiceBetween(one, at("11:00"), at("07:00")))).toBe("09:00-11:00");
});

test("a key's choice begins just where it is, or there is none", () => {
  const one = line([block("booked", "10:00", "11:00")], { start_step_minutes: 30 });
  expect(shown(choiceFrom(one, at("09:30"), 60))).toBe("09:30-10:00");
  expect(choiceFrom(one, at("09:15"), 60)).toBeUndefined();
  expect(choiceFrom(one, at("10:30"), 60)).toBeUndefined();
});

test.each([
  [60, true],
  [105, true],
  [120, false],
])("whether there is room on the day for %i minutes: %s", (minutes, expected) => {
  const one = line([
    block("outside_opening_hours", "00:00", "09:00"),
    block("booked", "10:45", "18:00"),
    { ...block("outside_opening_hours", "18:00", "23:45"), end_time: "2027-03-10T12:00:00Z" },
  ]);
  expect(hasRoom(one, minutes)).toBe(expected);
});

test("the ends of a day are the first and the last start that the rules allow", () => {
  const one = line(
    [block("outside_opening_hours", "00:00", "08:15"), block("closed", "17:00", "23:59")],
    { start_step_minutes: 30, min_duration_minutes: 60 },
  );
  expect(ends(one)).toEqual({ first: 8 * 60 + 30, last: 16 * 60 });
});
