/** Bookings by the days of their facilities' calendars. */
import type { BookingSummary } from "../app/api.ts";
import { type Day, dayIn, read } from "../time/zones.ts";

export interface OfDay {
  day: Day;
  /** Tells it from the same day in another place, which may come again between two others. */
  key: string;
  bookings: BookingSummary[];
}

/** The bookings, which are in order, day by day. */
export function byDay(bookings: readonly BookingSummary[]): OfDay[] {
  const found: OfDay[] = [];
  for (const booking of bookings) {
    const day = dayIn(booking.facility.time_zone, read(booking.start_time));
    const last = found.at(-1);
    if (last?.day === day) {
      last.bookings.push(booking);
    } else {
      const before = found.filter((each) => each.day === day).length;
      found.push({ day, key: `${day}/${before}`, bookings: [booking] });
    }
  }
  return found;
}

/** Whether it belongs to what is to come: what others cancelled stays there, for the user to see. */
export function isToCome(booking: BookingSummary, now: number): boolean {
  const { end_time, status, cancellation_cause } = booking;
  return read(end_time) > now && (status !== "cancelled" || cancellation_cause !== "owner");
}
