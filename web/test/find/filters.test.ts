import { expect, test } from "vitest";
import { active, asked, isFreeAsAsked, readFilters } from "../../src/find/filters.ts";
import { cleared, without } from "../../src/find/loosen.ts";
import { nextCursor } from "../../src/find/pages.ts";
import { at, block, line } from "./some.ts";

function filters(query: string) {
  const parameters = new URLSearchParams(query);
  return readFilters((name) => parameters.get(name) ?? "");
}

test("an address says what is looked for", () => {
  const all = filters("q=harbour&site=2&capacity=8&kind=room&amenities=piano,projector&for=90");
  expect(asked(all)).toEqual({
    search: "harbour",
    site_id: 2,
    min_capacity: 8,
    facility_type: "room",
    amenities: ["piano", "projector"],
  });
  expect(all.minutes).toBe(90);
});

test.each([
  "site=-1&capacity=many&kind=boat&amenities=,Piano!&at=25:00&for=20&now=yes",
  "site=99999999999&at=09:07&for=9999",
  "",
])("what an address says wrongly counts for nothing: %s", (query) => {
  expect(active(filters(query))).toEqual([]);
});

test("midnight is a time to be free at", () => {
  expect(active(filters("at=00:00"))).toEqual(["at"]);
});

const noon = [block("booked", "12:00", "13:00")];

test.each([
  ["at=11:00&for=60", true],
  ["at=11:00&for=75", false],
  ["at=11:45", true],
  ["at=12:00", false],
  ["at=13:00", true],
])("free as asked by %s: %s", (query, expected) => {
  expect(isFreeAsAsked(line(noon), filters(query), at("08:00"))).toBe(expected);
});

test("what begins only on the hour is not free at half past", () => {
  const hourly = line([], { start_step_minutes: 60 });
  expect(isFreeAsAsked(hourly, filters("at=09:30"), at("08:00"))).toBe(false);
});

test("what takes bookings of at most an hour is not free for two", () => {
  const short = line([], { max_duration_minutes: 60 });
  expect(isFreeAsAsked(short, filters("for=120"), at("08:00"))).toBe(false);
  expect(isFreeAsAsked(short, filters("for=60"), at("08:00"))).toBe(true);
});

test("free now is what nobody has and what can be had from the next step on", () => {
  const now = at("11:05");
  const past = block("notice", "00:00", "11:05");
  const asNow = filters("now=1");
  expect(isFreeAsAsked(line([past]), asNow, now)).toBe(true);
  expect(isFreeAsAsked(line([block("booked", "10:00", "11:15")]), asNow, now)).toBe(false);
  expect(isFreeAsAsked(line([past, block("booked", "11:15", "12:00")]), asNow, now)).toBe(false);
  expect(isFreeAsAsked(line([block("notice", "00:00", "13:00")]), asNow, now)).toBe(false);
  expect(isFreeAsAsked(line([past, ...noon]), filters("now=1&for=60"), now)).toBe(false);
});

test("a filter is left out of the address and of what is asked for", () => {
  const all = filters("q=x&capacity=8&at=09:00");
  expect(active(without(all, ["capacity", "at"]))).toEqual(["text"]);
  expect(cleared(["capacity", "isFreeNow"])).toEqual({ capacity: "", now: "" });
});

test.each([
  ['</api/v1/availability/timeline?limit=100&cursor=a%2Bb>; rel="next"', "a+b"],
  ['</api/v1/x>; rel="prev"', undefined],
  [null, undefined],
])("the way on out of %s is %s", (link, expected) => {
  expect(nextCursor(link)).toBe(expected);
});
