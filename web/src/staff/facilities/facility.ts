/** A facility as a form has it, and what of it was changed. */
import type { FacilityDetail, Schemas } from "../../app/api.ts";
import type { Stored } from "../changes.ts";
import type { Period } from "../hours.ts";

/** Numbers are null where nothing is written. */
type Written<T> = { [K in keyof T]: T[K] extends number ? number | null : T[K] };

export type Rules = Written<Schemas["FacilityRules"]>;

export interface FacilityForm {
  site_id: number;
  name: string;
  description: string;
  facility_type: Schemas["FacilityType"];
  capacity: number | null;
  /** As people write them, with commas between. */
  amenities: string;
  time_zone: string;
  /** Whether it keeps hours of its own, or else its site's. */
  hasOwnHours: boolean;
  opening_hours: Period[];
  rules: Rules;
  user_group_ids: number[];
}

type Body = Schemas["CreateFacilityRequest"];
export type Changes = Schemas["UpdateFacilityRequest"];

export const facilityTypes = ["room", "court", "lab", "desk", "vehicle", "other"] as const;

/** What the service takes for rules that nobody gave. */
const usualRules: Rules = {
  min_duration_minutes: 15,
  max_duration_minutes: 480,
  min_notice_minutes: 0,
  horizon_days: null,
  start_step_minutes: 15,
  cancellation_notice_minutes: 0,
  buffer_before_minutes: 0,
  buffer_after_minutes: 0,
  requires_approval: false,
  approval_timeout_minutes: 2880,
};

/** The form of a facility that is to be made. */
export function emptyForm(site: { id: number; time_zone: string }): FacilityForm {
  return {
    site_id: site.id,
    name: "",
    description: "",
    facility_type: "room",
    capacity: null,
    amenities: "",
    time_zone: site.time_zone,
    hasOwnHours: false,
    opening_hours: [],
    rules: { ...usualRules },
    user_group_ids: [],
  };
}

export function formOf(facility: FacilityDetail): FacilityForm {
  return {
    site_id: facility.site.id,
    name: facility.name,
    description: facility.description ?? "",
    facility_type: facility.facility_type,
    capacity: facility.capacity,
    amenities: facility.amenities.map((amenity) => amenity.replaceAll("_", " ")).join(", "),
    time_zone: facility.time_zone,
    hasOwnHours: facility.opening_hours_of === "facility",
    opening_hours: facility.opening_hours_of === "facility" ? (facility.opening_hours ?? []) : [],
    rules: { ...facility.rules },
    user_group_ids: facility.open_to.map(({ id }) => id),
  };
}

/** `Step-free access, projector` as the contract writes it. */
export function amenitiesIn(text: string): string[] {
  const found = text
    .split(",")
    .map((each) =>
      each
        .trim()
        .toLowerCase()
        .replace(/[\s-]+/g, "_"),
    )
    .filter((each) => each !== "");
  return [...new Set(found)].sort();
}

/** The whole of it, to make a facility. */
export function bodyOf(form: FacilityForm): Body {
  const { hasOwnHours, opening_hours, description, amenities, capacity, rules, ...rest } = form;
  return {
    ...rest,
    ...(description.trim() === "" ? {} : { description }),
    capacity: capacity ?? 0,
    amenities: amenitiesIn(amenities),
    opening_hours: hasOwnHours ? opening_hours : null,
    rules: Object.fromEntries(
      // A rule without a number is left to the service; a horizon without one is the service's.
      Object.entries(rules).filter(([name, value]) => value !== null || name === "horizon_days"),
    ),
    user_group_ids: [...form.user_group_ids].sort((one, other) => one - other),
  };
}

function differ(one: unknown, other: unknown): boolean {
  return JSON.stringify(one ?? null) !== JSON.stringify(other ?? null);
}

/** What of it was changed; undefined where nothing was. */
export function changesIn(form: FacilityForm, before: FacilityForm): Changes | undefined {
  const ours: Record<string, unknown> = { ...bodyOf(form) };
  const theirs: Record<string, unknown> = { ...bodyOf(before) };
  // What is not in the body is taken away by null.
  ours["description"] ??= null;
  theirs["description"] ??= null;
  const changes = Object.fromEntries(
    Object.entries(ours).filter(([name, value]) => differ(value, theirs[name])),
  );
  if ("rules" in changes) {
    const rules = (theirs["rules"] ?? {}) as Record<string, unknown>;
    changes["rules"] = Object.fromEntries(
      Object.entries(changes["rules"] as object).filter(([name, value]) =>
        differ(value, rules[name]),
      ),
    );
  }
  return Object.keys(changes).length === 0 ? undefined : changes;
}

/** The form on what somebody else saved meanwhile: what was changed in it stays, the rest is theirs. */
export function rebased(
  form: FacilityForm,
  before: FacilityForm,
  fresh: FacilityForm,
): FacilityForm {
  const merged = <T extends object>(ours: T, old: T, theirs: T): T =>
    Object.fromEntries(
      (Object.entries(ours) as [keyof T & string, unknown][]).map(([name, value]) => [
        name,
        differ(value, old[name]) ? value : theirs[name],
      ]),
    ) as T;
  return {
    ...merged(form, before, fresh),
    rules: merged(form.rules, before.rules, fresh.rules),
  };
}

/** The form in the way of what is stored, so that two can be told apart in words. */
export function flat(form: FacilityForm, groupName: (id: number) => string): Stored {
  const { rules, user_group_ids, ...rest } = bodyOf(form);
  return { ...rest, ...rules, open_to: (user_group_ids ?? []).map(groupName) };
}
