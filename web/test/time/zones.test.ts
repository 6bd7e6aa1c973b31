import { describe, expect, test } from "vitest";
import {
  addDays,
  dayIn,
  instantOf,
  isDay,
  minuteOf,
  mondayOf,
  sameClock,
  startOf,
  wire,
} from "../../src/time/zones.ts";

const berlin = "Europe/Berlin";

describe("days and clocks of a zone", () => {
  test("a day begins when its own clock shows midnight", () => {
    expect(wire(startOf("2027-03-09", berlin))).toBe("2027-03-08T23:00:00Z");
    expect(wire(startOf("2027-07-09", berlin))).toBe("2027-07-08T22:00:00Z");
    expect(wire(startOf("2027-03-09", "Asia/Kathmandu"))).toBe("2027-03-08T18:15:00Z");
  });

  test("the same instant is another day elsewhere", () => {
    const instant = Date.parse("2027-03-09T23:30:00Z");
    expect(dayIn("UTC", instant)).toBe("2027-03-09");
    expect(dayIn(berlin, instant)).toBe("2027-03-10");
  });

  test("a minute of a day and its instant are each other's", () => {
    const nine = instantOf("2027-03-09", 9 * 60, berlin);
    expect(wire(nine)).toBe("2027-03-09T08:00:00Z");
    expect(minuteOf(nine, "2027-03-09", berlin)).toBe(540);
    expect(minuteOf(nine, "2027-03-10", berlin)).toBe(540 - 1440);
  });

  test("in spring the clock skips an hour, in autumn the first of two counts", () => {
    expect(wire(instantOf("2027-03-28", 150, berlin))).toBe("2027-03-28T01:30:00Z");
    expect(wire(instantOf("2027-10-31", 150, berlin))).toBe("2027-10-31T00:30:00Z");
  });

  test("weeks begin on Mondays", () => {
    expect(mondayOf("2027-03-09")).toBe("2027-03-08");
    expect(mondayOf("2027-03-08")).toBe("2027-03-08");
    expect(mondayOf("2027-03-14")).toBe("2027-03-08");
    expect(addDays("2027-02-28", 1)).toBe("2027-03-01");
  });

  test("only days of the calendar are days", () => {
    expect(["2027-03-09", "2027-02-29", "9 March", "", "2027-3-9"].map(isDay)).toEqual([
      true,
      false,
      false,
      false,
      false,
    ]);
  });

  test("zones with one offset show the same", () => {
    const instant = Date.parse("2027-03-09T12:00:00Z");
    expect(sameClock(instant, berlin, "Europe/Paris")).toBe(true);
    expect(sameClock(instant, berlin, "Europe/London")).toBe(false);
  });
});
