/** Which bookings the address asks for. */
import type { Schemas } from "../../app/api.ts";
import { query } from "../../app/router.svelte.ts";
import { beginningOf, dayIn, endOf, idIn } from "../address.ts";

export const statuses = [
  "confirmed",
  "pending",
  "cancelled",
] as const satisfies Schemas["BookingStatus"][];

/** From today on, unless the address says something of days. */
export function conditions(today: string) {
  const status = statuses.find((each) => each === query("status"));
  const [site, facility, user] = [idIn("site"), idIn("facility"), idIn("user")];
  const search = query("search").trim();
  const [start, end] = [startDay(today), dayIn("end")];
  return {
    ...(site === undefined ? {} : { site_id: site }),
    ...(facility === undefined ? {} : { facility_id: facility }),
    ...(user === undefined ? {} : { user_id: user }),
    ...(status === undefined ? {} : { status }),
    ...(search === "" ? {} : { search }),
    ...(start === "" ? {} : { start_time: beginningOf(start) }),
    // A reversed span finds nothing, and would be refused.
    ...(end === undefined || end < start ? {} : { end_time: endOf(end) }),
  };
}

/** The first day that is asked for; empty for all that ever were. */
export function startDay(today: string): string {
  return query("start") === "ever" ? "" : (dayIn("start") ?? today);
}

/** Where the same days and the same site can be had as CSV. */
export function exportAddress(today: string): string {
  const parameters = new URLSearchParams();
  const [site, start, end] = [idIn("site"), startDay(today), dayIn("end")];
  if (site !== undefined) {
    parameters.set("site_id", String(site));
  }
  if (start !== "") {
    parameters.set("start_date", start);
  }
  if (end !== undefined && end >= start) {
    parameters.set("end_date", end);
  }
  return `/api/v1/exports/bookings/?${parameters}`;
}
