/** The service, as its own pages call it: with the session's cookie, through the published contract. */
import { createHoldfast, type Schemas } from "holdfast-client";

export { each, isProblem, ok, okIfChanged } from "holdfast-client";
export type { Schemas };

/** No answer came: no network, or no service. */
export class Unreachable extends Error {}

/** As the browser's own, which tells of no network by the kind of error that mistakes in code have. */
async function ask(request: Request): Promise<Response> {
  try {
    return await fetch(request);
  } catch (error) {
    throw error instanceof TypeError ? new Unreachable(error.message, { cause: error }) : error;
  }
}

export const api = createHoldfast({ baseUrl: location.origin, fetch: ask });

export type Facility = Schemas["FacilityBasic"];
export type FacilityDetail = Schemas["FacilityDetail"];
export type Booking = Schemas["BookingDetail"];
export type BookingSummary = Schemas["BookingSummary"];
export type Site = Schemas["SiteDetail"];
export type Me = Schemas["Me"];
export type User = Schemas["UserDetail"];
export type Change = Schemas["AvailabilityChange"];
