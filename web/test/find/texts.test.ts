import { expect, test } from "vitest";
import { pieces } from "../../src/find/line.ts";
import { about } from "../../src/find/texts.ts";
import { block, DAY, line } from "./some.ts";

/** What is said of the first block of a day that is known from the evening before to the morning after. */
function said(kind: Parameters<typeof block>[0]): string {
  const one = line([
    { kind, start_time: "2027-03-08T17:00:00Z", end_time: "2027-03-10T07:00:00Z" },
  ]);
  return one.blocks.map((each) => about(one, each)).join();
}

test("of a mark that goes on into other days the day's part is told", () => {
  expect(said("outside_opening_hours")).toContain("00:00–24:00");
  expect(said("closed")).toContain("00:00–24:00");
});

test("of a booking it is told when it begins and ends", () => {
  expect(said("booked")).toContain("18:00–08:00");
});

test("a booking within the hour that clocks show twice has a width", () => {
  const twice = line([
    { kind: "booked", start_time: `${DAY}T00:30:00Z`, end_time: `${DAY}T01:15:00Z` },
  ]);
  const clock = {
    ...twice.scale,
    minute: (at: number) => (at < Date.parse(`${DAY}T01:00Z`) ? 150 : 135),
  };
  expect(pieces({ ...twice, scale: clock }, twice.blocks)).toMatchObject([{ from: 150, to: 195 }]);
});
