/** A booking as a file for other calendars (RFC 5545). */
import { createEvent, type DateArray } from "ics";
import type { Booking } from "../app/api.ts";
import { read } from "../time/zones.ts";

/** The text of the file; throws where it cannot be written. */
export function calendarOf(booking: Booking, host: string): string {
  const { facility } = booking;
  const { error, value } = createEvent({
    uid: `booking-${booking.id}@${host}`,
    // A later file is of a later version: calendars that keep the first would show where it was.
    sequence: Math.floor((read(booking.updated_at) - read(booking.created_at)) / 1000),
    lastModified: parts(booking.updated_at),
    productId: "Holdfast",
    method: "PUBLISH",
    start: parts(booking.start_time),
    startInputType: "utc",
    startOutputType: "utc",
    end: parts(booking.end_time),
    endInputType: "utc",
    endOutputType: "utc",
    title: booking.title,
    location: `${facility.name}, ${facility.site.name}`,
    status: booking.status === "pending" ? "TENTATIVE" : "CONFIRMED",
    ...(booking.description === undefined ? {} : { description: booking.description }),
  });
  if (typeof value !== "string") {
    throw error ?? new Error("no calendar file");
  }
  return value;
}

/** Has the browser save the file. */
export function saveCalendar(booking: Booking): void {
  const file = new Blob([calendarOf(booking, location.hostname)], { type: "text/calendar" });
  const link = document.createElement("a");
  link.href = URL.createObjectURL(file);
  link.download = `booking-${booking.id}.ics`;
  link.click();
  URL.revokeObjectURL(link.href);
}

function parts(text: string): DateArray {
  const at = new Date(read(text));
  return [
    at.getUTCFullYear(),
    at.getUTCMonth() + 1,
    at.getUTCDate(),
    at.getUTCHours(),
    at.getUTCMinutes(),
  ];
}
