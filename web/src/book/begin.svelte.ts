/**
 * Bookings being made and looked at: which dialog is open, and what the service has not confirmed yet.
 *
 * A booking appears at once, and is taken back if the service refuses it: then the dialog opens again
 * with all that was typed and the reason.
 */
import { api, type Booking, type Facility, isProblem, ok, type Schemas } from "../app/api.ts";
import { t } from "../app/i18n.ts";
import { sentence } from "../app/problems.ts";
import { governs, me, noticeEnd } from "../app/session.svelte.ts";
import { say } from "../app/toasts.svelte.ts";
import { bookingBegan, conflictMet, visitEnded } from "../app/visits.ts";
import { span } from "../time/format.ts";
import { MINUTE, read, wire } from "../time/zones.ts";

export interface Begun {
  timeline: Schemas["FacilityTimeline"];
  /** Milliseconds since the epoch. */
  start: number;
  end: number;
}

/** All that is said of a booking before it is made. */
export interface Draft {
  facility: Facility;
  start: number;
  end: number;
  title: string;
  description: string;
  attendees: number;
  /** Whose it is to be, if not the user's own. */
  user?: Schemas["UserBasic"] | undefined;
}

export interface Making {
  key: string;
  facilityId: number;
  start: number;
  end: number;
  title: string;
  state: "saving" | "done";
}

export type Opened =
  | { kind: "new"; draft: Draft; timeline?: Schemas["FacilityTimeline"]; error?: unknown }
  | { kind: "one"; id: number; isCancelling?: boolean };

/** For how long what was made is drawn, until whoever shows the day has asked anew. */
const AFTERGLOW_MILLISECONDS = 3_000;

const state = $state<{ making: Making[]; opened: Opened | undefined }>({
  making: [],
  opened: undefined,
});
const listeners = new Set<() => void>();
let last = 0;

/** What was refused while another dialog was open: shown when that is closed, and not before. */
const refused: Opened[] = [];

/**
 * The keys of requests that were not answered, as far as is known: the same again is sent under the
 * same key, so that nobody meets a booking of their own.
 */
const unanswered = new Map<string, string>();

/** What is being booked, or was just now. */
export function making(): readonly Making[] {
  return state.making;
}

export function opened(): Opened | undefined {
  return state.opened;
}

/** What a booking is called of which nobody has said what it is for. */
export function usualTitle(user: Schemas["UserBasic"] | undefined = me()): string {
  return t("book:usual_title", { name: user?.display_name ?? user?.username ?? "" });
}

/** Opens the dialog that books a time. */
export function beginBooking({ timeline, start, end }: Begun): void {
  bookingBegan();
  const title = usualTitle();
  const draft = { facility: timeline.facility, start, end, title, description: "", attendees: 1 };
  state.opened = { kind: "new", draft, timeline };
}

/** Opens a booking, to be looked at, changed or cancelled. */
export function openBooking(id: number): void {
  state.opened = { kind: "one", id };
}

/** Opens a booking to be cancelled, for somebody to say so once more. */
export function askToCancel(id: number): void {
  state.opened = { kind: "one", id, isCancelling: true };
}

export function closeBooking(): void {
  state.opened = refused.shift();
}

/** Closes whatever is open, and what waits to be: whoever left its page is not to meet it. */
export function leaveBookings(): void {
  refused.length = 0;
  state.opened = undefined;
}

/** Forgets what the user was about to book: the next one is somebody else. */
export function forgetBookings(): void {
  leaveBookings();
  unanswered.clear();
  state.making = [];
}

/** Calls the listener after each change that was made here, until the function it gives is called. */
export function onOwnChange(listener: () => void): () => void {
  listeners.add(listener);
  return () => {
    listeners.delete(listener);
  };
}

function tellChange(): void {
  for (const listener of [...listeners]) {
    listener();
  }
}

/** Books: at once as far as anybody sees, and taken back with an explanation if it is refused. */
export async function book(draft: Draft, { isAgain = false } = {}): Promise<void> {
  const key = `making-${++last}`;
  const { facility, start, end, title } = draft;
  closeBooking();
  state.making.push({ key, facilityId: facility.id, start, end, title, state: "saving" });
  try {
    const booking = await send(bodyOf(draft));
    if (!isAgain) {
      visitEnded("booked"); // what is only taken back was not looked for
    }
    confirm(key, booking, isAgain);
  } catch (error) {
    noticeEnd(error);
    drop(key);
    if (isProblem(error, "booking_conflict")) {
      conflictMet();
    }
    takeBack({ kind: "new", draft, error });
  }
}

async function send(body: Schemas["CreateBookingRequest"]): Promise<Booking> {
  const text = JSON.stringify(body);
  const key = unanswered.get(text) ?? crypto.randomUUID();
  unanswered.set(text, key);
  try {
    const header = { "Idempotency-Key": key };
    const booking = await ok(api.POST("/api/v1/bookings/", { params: { header }, body }));
    unanswered.delete(text);
    return booking;
  } catch (error) {
    if (isProblem(error) && error.status < 500 && error.type !== "idempotency_key_in_use") {
      unanswered.delete(text); // That was an answer: the same again may get another.
    }
    throw error;
  }
}

/** Opens the dialog again; where another is open, says so, and nothing that is typed there is lost. */
function takeBack(again: Opened & { kind: "new" }): void {
  if (state.opened === undefined) {
    state.opened = again;
  } else {
    refused.push(again);
    say(sentence(again.error), { tone: "bad" });
  }
}

function bodyOf(draft: Draft): Schemas["CreateBookingRequest"] {
  return {
    facility_id: draft.facility.id,
    start_time: wire(draft.start),
    end_time: wire(draft.end),
    title: draft.title,
    attendee_count: draft.attendees,
    ...(draft.description.trim() === "" ? {} : { description: draft.description }),
    ...(draft.user === undefined ? {} : { user_id: draft.user.id }),
  };
}

function confirm(key: string, booking: Booking, isAgain: boolean): void {
  state.making = state.making.map((each) => (each.key === key ? { ...each, state: "done" } : each));
  setTimeout(() => {
    drop(key);
  }, AFTERGLOW_MILLISECONDS);
  tellChange();
  const what = booking.status === "pending" ? "requested" : isAgain ? "taken_back" : "booked";
  say(t(`book:${what}`, placeAndTime(booking)), {
    tone: "good",
    action: { label: t("common:undo"), run: () => void undo(booking, key) },
    also: { label: t("book:add_to_calendar"), run: () => void addToCalendar(booking) },
  });
}

function drop(key: string): void {
  state.making = state.making.filter((each) => each.key !== key);
}

/**
 * Whether what is cancelled can be booked again as it was: not where the staff would have to agree
 * anew, nor where it would be too soon by now.
 */
export async function canTakeBack({ facility, start_time, status }: Booking): Promise<boolean> {
  const params = { path: { id: facility.id } };
  const { rules } = await ok(api.GET("/api/v1/facilities/{id}/", { params }));
  const notice = rules.min_notice_minutes * MINUTE;
  const needsApproval = rules.requires_approval && !governs(facility.site.id);
  return !(needsApproval && status === "confirmed") && read(start_time) - notice > Date.now();
}

/** Cancels a booking; throws the service's refusal. Undone by booking the same again. */
export async function cancel(
  booking: Booking,
  { reason = "", isUndo = false } = {},
): Promise<void> {
  const query = reason.trim() === "" ? {} : { reason };
  const isReturnable = !isUndo && (await canTakeBack(booking));
  await ok(api.DELETE("/api/v1/bookings/{id}/", { params: { path: { id: booking.id }, query } }));
  unanswered.clear(); // It may have been the answer that was lost: the same again is a new booking.
  tellChange();
  if (isUndo) {
    say(t("book:undone"));
  } else {
    const again = {
      label: t("common:undo"),
      run: () => void book(draftOf(booking), { isAgain: true }),
    };
    say(t("book:cancelled", placeAndTime(booking)), isReturnable ? { action: again } : {});
  }
}

async function undo(booking: Booking, key: string): Promise<void> {
  drop(key);
  try {
    await cancel(booking, { isUndo: true });
  } catch (error) {
    complain(error);
  }
}

/** Says what did not work where there is no place of its own for it. */
export function complain(error: unknown): void {
  noticeEnd(error);
  say(sentence(error), { tone: "bad" });
}

/** What was booked, to be booked again. */
function draftOf(booking: Booking): Draft {
  return {
    facility: booking.facility,
    start: read(booking.start_time),
    end: read(booking.end_time),
    title: booking.title,
    description: booking.description ?? "",
    attendees: booking.attendee_count,
    ...(booking.user.id === me()?.id ? {} : { user: booking.user }),
  };
}

/**
 * Changes a booking as it was read, unless somebody else has since.
 *
 * Gives the booking as it is then; throws the service's refusal.
 */
export async function change(
  { id }: { id: number },
  updates: Schemas["UpdateBookingRequest"],
  etag?: string,
): Promise<Booking> {
  const header = etag === undefined ? {} : { "If-Match": etag };
  const booking = await ok(
    api.PATCH("/api/v1/bookings/{id}/", { params: { path: { id }, header }, body: updates }),
  );
  tellChange();
  return booking;
}

/** Saves the booking as a file for another calendar. */
export async function addToCalendar(booking: Booking): Promise<void> {
  try {
    const { saveCalendar } = await import("./calendar.ts");
    saveCalendar(booking);
  } catch (error) {
    complain(error);
  }
}

export function placeAndTime(booking: Booking | Schemas["BookingSummary"]): {
  name: string;
  time: string;
} {
  const { facility, start_time: start, end_time: end } = booking;
  return { name: facility.name, time: span(read(start), read(end), facility.time_zone) };
}
