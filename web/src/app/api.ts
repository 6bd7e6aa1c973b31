/** The service, as its own pages call it: with the session's cookie, through the published contract. */
import { createHoldfast, type Schemas } from "holdfast-client";

export { each, isProblem, ok, okIfChanged } from "holdfast-client";
export type { Schemas };

export const api = createHoldfast({ baseUrl: location.origin });

export type Facility = Schemas["FacilityBasic"];
export type FacilityDetail = Schemas["FacilityDetail"];
export type Booking = Schemas["BookingDetail"];
export type BookingSummary = Schemas["BookingSummary"];
export type Site = Schemas["SiteDetail"];
export type Me = Schemas["Me"];
export type User = Schemas["UserDetail"];
export type Change = Schemas["AvailabilityChange"];
