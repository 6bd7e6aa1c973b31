/** Begins bookings, and knows those that the service has not confirmed yet. */
import { api, ok, type Schemas } from "../app/api.ts";
import { sentence } from "../app/problems.ts";
import { go } from "../app/router.svelte.ts";
import { me } from "../app/session.svelte.ts";
import { say } from "../app/toasts.svelte.ts";
import { wire } from "../time/zones.ts";

export interface Begun {
  timeline: Schemas["FacilityTimeline"];
  /** Milliseconds since the epoch. */
  start: number;
  end: number;
}

export interface Making {
  key: string;
  facilityId: number;
  start: number;
  end: number;
  title: string;
  state: "saving" | "done";
}

const state = $state<{ making: Making[] }>({ making: [] });
let last = 0;

export function making(): Making[] {
  return state.making;
}

export function beginBooking({ timeline, start, end }: Begun): void {
  void book(timeline.facility.id, start, end);
}

export function openBooking(id: number): void {
  go(`/mine?booking=${id}`);
}

async function book(facilityId: number, start: number, end: number): Promise<void> {
  const key = `making-${++last}`;
  const title = me()?.display_name ?? "";
  state.making.push({ key, facilityId, start, end, title, state: "saving" });
  try {
    const body = {
      facility_id: facilityId,
      start_time: wire(start),
      end_time: wire(end),
      title,
      attendee_count: 1,
    };
    await ok(api.POST("/api/v1/bookings/", { body }));
  } catch (error) {
    say(sentence(error), { tone: "bad" });
  }
  state.making = state.making.filter((each) => each.key !== key);
}
