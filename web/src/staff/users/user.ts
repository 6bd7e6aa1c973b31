/** A user as a form has them, and what of it was changed. */
import type { Schemas, User } from "../../app/api.ts";
import type { Stored } from "../changes.ts";

export interface UserForm {
  display_name: string;
  is_staff: boolean;
  site_ids: number[];
}

type Changes = Schemas["UpdateUserRequest"];

export function formOf({ display_name, is_staff, sites }: User): UserForm {
  return { display_name: display_name ?? "", is_staff, site_ids: sites.map(({ id }) => id) };
}

/** What of it was changed; undefined where nothing was. */
export function changesIn(form: UserForm, before: UserForm): Changes | undefined {
  const name = form.display_name.trim();
  const sorted = (ids: number[]) => [...ids].sort((one, other) => one - other);
  const changes: Changes = {
    ...(name === before.display_name ? {} : { display_name: name === "" ? null : name }),
    ...(form.is_staff === before.is_staff ? {} : { is_staff: form.is_staff }),
    ...(String(sorted(form.site_ids)) === String(sorted(before.site_ids))
      ? {}
      : { site_ids: form.site_ids }),
  };
  return Object.keys(changes).length === 0 ? undefined : changes;
}

/** The form on what was saved meanwhile: what was changed in it stays, the rest is as saved. */
export function rebased(form: UserForm, before: UserForm, fresh: UserForm): UserForm {
  const changed = changesIn(form, before) ?? {};
  return {
    display_name: "display_name" in changed ? form.display_name : fresh.display_name,
    is_staff: "is_staff" in changed ? form.is_staff : fresh.is_staff,
    site_ids: "site_ids" in changed ? form.site_ids : fresh.site_ids,
  };
}

/** What the form is about, in the way of what is stored, so that two can be told apart in words. */
export function flat({ display_name, is_staff, sites }: User): Stored {
  return { display_name, is_staff, staff_of: sites.map(({ name }) => name) };
}
