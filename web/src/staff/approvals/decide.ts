/** Deciding about many bookings at once. */
import { api, type Booking, ok, type Schemas } from "../../app/api.ts";

type Decision = Schemas["Decision"];
export type Result = Schemas["DecisionResult"];

/** As many as the contract takes at once. */
const TOGETHER = 100;

/** What is to be decided soonest comes first. */
export function bySoonest(bookings: Booking[]): Booking[] {
  const key = ({ decide_by, start_time }: Booking) => decide_by ?? start_time;
  return [...bookings].sort(
    (one, other) => key(one).localeCompare(key(other)) || one.id - other.id,
  );
}

/** What became of each; what was decided before a request failed is decided: `told` hears of it. */
export async function decide(
  ids: number[],
  decision: Decision,
  reason: string,
  told: (results: Result[]) => void,
): Promise<void> {
  for (let at = 0; at < ids.length; at += TOGETHER) {
    const body = {
      decision,
      booking_ids: ids.slice(at, at + TOGETHER),
      ...(reason.trim() === "" ? {} : { reason: reason.trim() }),
    };
    told(await ok(api.POST("/api/v1/admin/bookings/decisions/", { body })));
  }
}
