import { describe, expect, test } from "vitest";
import { differences, rebased, type Said, updates } from "../../src/book/merge.ts";
import { read } from "../../src/time/zones.ts";

const facility = {
  id: 1,
  name: "Lighthouse",
  site: { id: 1, name: "Harbour Campus" },
  facility_type: "room" as const,
  capacity: 12,
  time_zone: "Europe/Berlin",
};

const before: Said = {
  title: "Figures",
  time: { start: read("2027-03-09T09:00:00Z"), end: read("2027-03-09T10:00:00Z") },
  facility,
  attendees: 4,
  description: "",
};

describe("a change", () => {
  test("names only what is different", () => {
    const time = { ...before.time, end: read("2027-03-09T10:30:00Z") };
    expect(updates({ ...before, title: "Costs", time }, before)).toEqual({
      title: "Costs",
      end_time: "2027-03-09T10:30:00Z",
    });
    expect(updates({ ...before }, before)).toEqual({});
  });

  test("takes a description away that is left empty", () => {
    const described = { ...before, description: "All of them" };
    expect(updates({ ...described, description: " " }, described)).toEqual({ description: null });
  });

  test("may be to another facility", () => {
    const other = { ...facility, id: 2, name: "Ebb" };
    expect(updates({ ...before, facility: other, attendees: 3 }, before)).toEqual({
      facility_id: 2,
      attendee_count: 3,
    });
  });
});

describe("what somebody else changed meanwhile", () => {
  const moved = { start: read("2027-03-09T13:00:00Z"), end: read("2027-03-09T14:00:00Z") };

  test("is taken over where nothing was typed, and what was typed stays", () => {
    const now = { ...before, time: moved, title: "Figures of May" };
    const typed = { ...before, title: "Costs", attendees: 6 };
    const found = rebased(typed, before, now);
    expect(found).toEqual({ ...before, time: moved, title: "Costs", attendees: 6 });
    // To save it then does not move the booking back.
    expect(updates(found, now)).toEqual({ title: "Costs", attendee_count: 6 });
  });

  test("is told part by part", () => {
    expect(differences(before, { ...before, time: moved, attendees: 5 })).toEqual([
      "time",
      "attendees",
    ]);
    expect(differences(before, { ...before, facility: { ...facility, name: "Renamed" } })).toEqual(
      [],
    );
  });
});
