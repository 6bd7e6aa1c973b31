import { beforeAll, expect, test } from "vitest";
import { speak } from "../../src/app/i18n.ts";
import { instantIn, isMoment, spanText, spanTextHere } from "../../src/staff/closures/span.ts";

beforeAll(() => speak("en"));

test("a clock is one of the zone that is closed", () => {
  const moment = { day: "2027-03-13", clock: "08:00" };
  expect(instantIn(moment, "Europe/Berlin")).toBe("2027-03-13T07:00:00Z");
  expect(instantIn(moment, "Asia/Kathmandu")).toBe("2027-03-13T02:15:00Z");
});

test("the midnight that ends a day is the next day's beginning", () => {
  expect(instantIn({ day: "2027-03-13", clock: "24:00" }, "Europe/Berlin")).toBe(
    "2027-03-13T23:00:00Z",
  );
});

test("what is half typed is no moment", () => {
  expect(isMoment({ day: "2027-03-13", clock: "8" })).toBe(false);
  expect(isMoment({ day: "", clock: "08:00" })).toBe(false);
  expect(isMoment({ day: "2027-03-13", clock: "08:00" })).toBe(true);
});

test("whole days are told without times, by the clock of what is closed", () => {
  const christmas = ["2026-12-24T18:15:00Z", "2026-12-25T18:15:00Z"] as const;
  expect(spanText(...christmas, "Asia/Kathmandu")).toBe("Friday, 25 December 2026");
  expect(spanText(...christmas, "UTC")).toBe(
    "Thursday, 24 December 2026, 18:15 – Friday, 25 December 2026, 18:15",
  );
});

test("the midnight that ends it is 24:00 of the day before", () => {
  const afternoon = ["2027-03-13T13:00:00Z", "2027-03-13T23:00:00Z"] as const;
  expect(spanText(...afternoon, "Europe/Berlin")).toBe("Saturday, 13 March 2027, 14:00 – 24:00");
  const weekend = ["2027-03-12T13:00:00Z", "2027-03-14T23:00:00Z"] as const;
  expect(spanText(...weekend, "Europe/Berlin")).toBe(
    "Friday, 12 March 2027, 14:00 – Sunday, 14 March 2027, 24:00",
  );
});

test("the viewer's clock is told where it shows another time, or where no other is known", () => {
  const morning = ["2027-03-13T08:00:00Z", "2027-03-13T10:00:00Z"] as const;
  const told = "Saturday, 13 March 2027, 09:00 – 11:00 your time";
  expect(spanTextHere(...morning, "Asia/Kathmandu", "Europe/Berlin")).toBe(told);
  expect(spanTextHere(...morning, undefined, "Europe/Berlin")).toBe(told);
  expect(spanTextHere(...morning, "Europe/Vienna", "Europe/Berlin")).toBe("");
});
