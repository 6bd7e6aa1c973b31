/** Bookings by the days of their facilities' calendars. */
import type { BookingSummary } from "../app/api.ts";
import { type Day, dayIn, read } from "../time/zones.ts";

export interface OfDay {
  day: Day;
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
      found.push({ day, bookings: [booking] });
    }
  }
  return found;
}
