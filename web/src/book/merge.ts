/** What a change is about, where somebody else has changed the same booking meanwhile. */
import type { Booking, Facility, Schemas } from "../app/api.ts";
import { read as instant, wire } from "../time/zones.ts";

/** What can be changed of a booking. */
export interface Said {
  title: string;
  /** Milliseconds since the epoch: what it was moved to is of one piece. */
  time: { start: number; end: number };
  facility: Facility;
  attendees: number;
  description: string;
}

export type Part = keyof Said;

const parts: readonly Part[] = ["title", "time", "facility", "attendees", "description"];

export function said(booking: Booking): Said {
  return {
    title: booking.title,
    time: { start: instant(booking.start_time), end: instant(booking.end_time) },
    facility: booking.facility,
    attendees: booking.attendee_count,
    description: booking.description ?? "",
  };
}

/** What is different between the two. */
export function differences(one: Said, other: Said): Part[] {
  return parts.filter((part) => {
    if (part === "time") {
      return one.time.start !== other.time.start || one.time.end !== other.time.end;
    }
    return part === "facility" ? one.facility.id !== other.facility.id : one[part] !== other[part];
  });
}

/** What was typed over what was read, on what the booking says by now: the rest follows that. */
export function rebased(typed: Said, read: Said, now: Said): Said {
  const mine = differences(typed, read);
  return Object.fromEntries(
    parts.map((part) => [part, mine.includes(part) ? typed[part] : now[part]]),
  ) as unknown as Said;
}

/** What to ask of the service, to have what is typed instead of what was read. */
export function updates(typed: Said, read: Said): Schemas["UpdateBookingRequest"] {
  const { title, time, facility, attendees, description } = typed;
  const wanted: Schemas["UpdateBookingRequest"] = {};
  for (const part of differences(typed, read)) {
    if (part === "title") {
      wanted.title = title;
    } else if (part === "facility") {
      wanted.facility_id = facility.id;
    } else if (part === "attendees") {
      wanted.attendee_count = attendees;
    } else if (part === "description") {
      wanted.description = description.trim() === "" ? null : description;
    } else {
      // What stays is not named: the rules hold for what changes.
      if (time.start !== read.time.start) {
        wanted.start_time = wire(time.start);
      }
      if (time.end !== read.time.end) {
        wanted.end_time = wire(time.end);
      }
    }
  }
  return wanted;
}
