import { beforeAll, expect, test } from "vitest";
import { speak } from "../../src/app/i18n.ts";
import { hoursText, rulesText } from "../../src/find/rules.ts";
import { timeline } from "./some.ts";

beforeAll(() => speak("en"));

test("rules are said in plain words", () => {
  const { rules } = timeline([], {
    min_duration_minutes: 60,
    max_duration_minutes: 240,
    start_step_minutes: 30,
    min_notice_minutes: 2 * 24 * 60,
    requires_approval: true,
    buffer_after_minutes: 15,
  });
  expect(rulesText({ rules })).toEqual([
    "1 h to 4 h at a time",
    "starting on the hour or half hour",
    "at least 2 days before",
    "up to 365 days ahead",
    "the staff approve each booking, within 2 days",
    "15 min kept free after",
  ]);
});

test("hours are said day by day, and not at all where it is always open", () => {
  const hours = hoursText({
    opening_hours: [
      { weekday: "monday", opens: "13:00", closes: "18:00" },
      { weekday: "monday", opens: "08:00", closes: "12:00" },
    ],
  });
  expect(hours?.slice(0, 2)).toEqual([
    { weekday: "monday", times: "08:00–12:00, 13:00–18:00" },
    { weekday: "tuesday", times: "" },
  ]);
  expect(hoursText({})).toBeUndefined();
});
