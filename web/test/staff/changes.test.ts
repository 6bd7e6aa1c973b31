import { expect, test } from "vitest";
import { changesOf, contentOf } from "../../src/staff/changes.ts";

test("only what differs is told, in the units that it is meant in", () => {
  const before = { id: 1, name: "Lighthouse", capacity: 12, min_notice_minutes: 0 };
  const after = { id: 1, name: "Lighthouse", capacity: 10, min_notice_minutes: 120 };
  expect(changesOf(before, after)).toEqual([
    { field: "capacity", from: { kind: "number", number: 12 }, to: { kind: "number", number: 10 } },
    {
      field: "min_notice_minutes",
      from: { kind: "minutes", minutes: 0 },
      to: { kind: "minutes", minutes: 120 },
    },
  ]);
});

test("what the service keeps for itself is not told", () => {
  const before = { id: 1, updated_at: "2026-09-01T08:21:12+00:00", holidays_until: 2027 };
  const after = { id: 1, updated_at: "2026-09-02T08:21:12+00:00", holidays_until: 2028 };
  expect(changesOf(before, after)).toEqual([]);
});

test("lists with the same content in the same order do not differ", () => {
  expect(changesOf({ amenities: ["sink"] }, { amenities: ["sink"] })).toEqual([]);
  expect(changesOf({ amenities: ["sink"] }, { amenities: [] })).toEqual([
    {
      field: "amenities",
      from: { kind: "list", items: ["sink"] },
      to: { kind: "list", items: [] },
    },
  ]);
});

test("identifiers of records are told as such", () => {
  expect(contentOf({ user_group_id: 3, user_id: 5 })).toEqual([
    {
      field: "user_group_id",
      from: { kind: "nothing" },
      to: { kind: "record", of: "user_group", id: 3 },
    },
    { field: "user_id", from: { kind: "nothing" }, to: { kind: "record", of: "user", id: 5 } },
  ]);
});

test("opening hours are read, and no hours differ from hours that are empty", () => {
  expect(changesOf({ opening_hours: null }, { opening_hours: "{}" })).toEqual([
    {
      field: "opening_hours",
      from: { kind: "nothing" },
      to: { kind: "opening_hours", periods: [] },
    },
  ]);
});

test("when somebody was deactivated is told as that they are", () => {
  expect(changesOf({ deactivated_at: null }, { deactivated_at: "2026-11-22T12:00:00Z" })).toEqual([
    {
      field: "is_deactivated",
      from: { kind: "flag", flag: false },
      to: { kind: "flag", flag: true },
    },
  ]);
});

test("a record without a past or a future has nothing there", () => {
  const quota = { id: 1, max_active_bookings: 4, max_hours_per_week: null };
  expect(changesOf(quota, undefined)).toEqual([
    { field: "max_active_bookings", from: { kind: "number", number: 4 }, to: { kind: "nothing" } },
  ]);
});

test("times are instants, and a name that looks like a time is none", () => {
  const [name, start] = contentOf({ start_time: "2027-03-13T07:00:00+00:00", name: "2027" });
  expect(start?.to).toEqual({ kind: "instant", at: "2027-03-13T07:00:00+00:00" });
  expect(name?.to).toEqual({ kind: "text", text: "2027" });
});
