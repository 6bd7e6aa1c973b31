import { expect, test } from "vitest";
import type { Booking } from "../../src/app/api.ts";
import { calendarOf } from "../../src/book/calendar.ts";

const booking: Booking = {
  id: 7,
  facility: {
    id: 1,
    name: "Lighthouse",
    site: { id: 1, name: "Harbour Campus" },
    facility_type: "room",
    capacity: 12,
    time_zone: "Europe/Berlin",
  },
  user: { id: 7, username: "maria" },
  start_time: "2027-03-09T09:00:00Z",
  end_time: "2027-03-09T10:30:00Z",
  title: "Figures, costs; and more",
  attendee_count: 4,
  status: "confirmed",
  buffer_before_minutes: 0,
  buffer_after_minutes: 0,
  created_at: "2026-11-20T14:02:11Z",
  updated_at: "2026-11-20T14:02:11Z",
};

/** The file's lines, those that were folded made whole (RFC 5545, 3.1). */
function lines(text: string): string[] {
  return text.replace(/\r\n[ \t]/g, "").split("\r\n");
}

test("a booking is an event of another calendar, at its time and place", () => {
  const found = lines(calendarOf(booking, "holdfast.example.org"));
  expect(found).toEqual(
    expect.arrayContaining([
      "BEGIN:VCALENDAR",
      "METHOD:PUBLISH",
      "UID:booking-7@holdfast.example.org",
      "DTSTART:20270309T090000Z",
      "DTEND:20270309T103000Z",
      "SUMMARY:Figures\\, costs\\; and more",
      "LOCATION:Lighthouse\\, Harbour Campus",
      "STATUS:CONFIRMED",
      "END:VCALENDAR",
    ]),
  );
});

test("one that waits for approval is tentative", () => {
  const found = lines(calendarOf({ ...booking, status: "pending" }, "holdfast.example.org"));
  expect(found).toContain("STATUS:TENTATIVE");
});

test("a file that is saved after a change takes the place of the first", () => {
  const changed = { ...booking, updated_at: "2026-11-20T15:02:11Z" };
  const found = lines(calendarOf(changed, "holdfast.example.org"));
  expect(found).toContain("SEQUENCE:3600");
  expect(lines(calendarOf(booking, "holdfast.example.org"))).toContain("SEQUENCE:0");
});
