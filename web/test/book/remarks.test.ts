import { beforeAll, describe, expect, test } from "vitest";
import { speak } from "../../src/app/i18n.ts";
import { remarks } from "../../src/book/remarks.ts";
import type { Timeline } from "../../src/book/times.ts";
import { MINUTE, read } from "../../src/time/zones.ts";

const start = read("2027-03-09T09:00:00Z");
const now = start - 3 * 24 * 60 * MINUTE;

function place(more: Partial<Timeline["rules"]>, refusal?: Timeline["refusal"]): Timeline {
  return {
    facility: {
      id: 1,
      name: "Lighthouse",
      site: { id: 1, name: "Harbour Campus" },
      facility_type: "room",
      capacity: 12,
      time_zone: "Europe/Berlin",
    },
    amenities: [],
    blocks: [],
    rules: {
      min_duration_minutes: 30,
      max_duration_minutes: 120,
      min_notice_minutes: 0,
      horizon_days: 365,
      start_step_minutes: 30,
      cancellation_notice_minutes: 0,
      buffer_before_minutes: 0,
      buffer_after_minutes: 0,
      requires_approval: false,
      approval_timeout_minutes: 2880,
      ...more,
    },
    ...(refusal ? { refusal } : {}),
  };
}

beforeAll(() => speak("en"));

describe("before anybody books, they are told", () => {
  const asked = { start, now, isStaff: false };

  test("nothing, where there is nothing to tell", () => {
    expect(remarks(place({}), asked)).toEqual([]);
  });

  test("that the staff have to agree, unless they are the staff", () => {
    expect(remarks(place({ requires_approval: true }), asked)).toHaveLength(1);
    expect(remarks(place({ requires_approval: true }), { ...asked, isStaff: true })).toEqual([]);
  });

  test("what is kept free beside it", () => {
    const both = remarks(place({ buffer_before_minutes: 15, buffer_after_minutes: 90 }), asked);
    expect(both).toEqual(["15 min before and 1 h 30 min after it are kept free."]);
    expect(remarks(place({ buffer_after_minutes: 30 }), asked)).toEqual([
      "30 min after it are kept free.",
    ]);
  });

  test("until when they can cancel, by the facility's clock", () => {
    const rules = place({ cancellation_notice_minutes: 24 * 60 });
    // With the viewer's own time behind it, where that is another.
    const told = /^You can cancel it until Mon 8 March, 10:00(?: \(.+ your time\))?\.$/;
    expect(remarks(rules, asked)).toEqual([expect.stringMatching(told)]);
    expect(remarks(rules, { ...asked, now: start - 60 * MINUTE })).toEqual([
      "It is too late to cancel: only the staff can.",
    ]);
  });

  test("why they cannot book at all", () => {
    const detail = "Only Drivers may book this.";
    expect(remarks(place({}, { type: "facility_restricted", detail }), asked)).toEqual([detail]);
  });
});
