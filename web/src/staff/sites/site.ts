/** A site as a form has it, and what of it was changed. */
import type { Schemas, Site } from "../../app/api.ts";
import type { Stored } from "../changes.ts";
import type { Period } from "../hours.ts";

export interface SiteForm {
  name: string;
  time_zone: string;
  /** Whether it says when it is open, or else is always. */
  hasHours: boolean;
  opening_hours: Period[];
  /** Empty where no holidays close it. */
  country: string;
  subdivision: string;
}

export function formOf(site: Site): SiteForm {
  return {
    name: site.name,
    time_zone: site.time_zone,
    hasHours: site.opening_hours !== undefined,
    opening_hours: site.opening_hours ?? [],
    country: site.holiday_calendar?.country ?? "",
    subdivision: site.holiday_calendar?.subdivision ?? "",
  };
}

export function bodyOf(form: SiteForm): Required<Schemas["UpdateSiteRequest"]> {
  const [country, subdivision] = [form.country.trim().toUpperCase(), form.subdivision.trim()];
  return {
    name: form.name,
    time_zone: form.time_zone,
    opening_hours: form.hasHours ? form.opening_hours : null,
    holiday_calendar:
      country === "" ? null : { country, ...(subdivision === "" ? {} : { subdivision }) },
  };
}

/** What of it was changed; undefined where nothing was. */
export function changesIn(
  form: SiteForm,
  before: SiteForm,
): Schemas["UpdateSiteRequest"] | undefined {
  const theirs: Record<string, unknown> = { ...bodyOf(before) };
  const changes = Object.entries(bodyOf(form)).filter(
    ([name, value]) => JSON.stringify(value) !== JSON.stringify(theirs[name]),
  );
  return changes.length === 0 ? undefined : Object.fromEntries(changes);
}

/** The form on what somebody else saved meanwhile: what was changed in it stays, the rest is theirs. */
export function rebased(form: SiteForm, before: SiteForm, fresh: SiteForm): SiteForm {
  const changed = changesIn(form, before) ?? {};
  return {
    ...fresh,
    ...("name" in changed ? { name: form.name } : {}),
    ...("time_zone" in changed ? { time_zone: form.time_zone } : {}),
    ...("opening_hours" in changed
      ? { hasHours: form.hasHours, opening_hours: form.opening_hours }
      : {}),
    ...("holiday_calendar" in changed
      ? { country: form.country, subdivision: form.subdivision }
      : {}),
  };
}

/** The form in the way of what is stored, so that two can be told apart in words. */
export function flat(form: SiteForm): Stored {
  const { holiday_calendar, ...rest } = bodyOf(form);
  return {
    ...rest,
    holiday_country: holiday_calendar?.country,
    holiday_subdivision: holiday_calendar?.subdivision,
  };
}
