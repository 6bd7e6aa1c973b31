/** A group of facilities as a form has it. */
import type { Schemas } from "../../app/api.ts";

type Group = Schemas["FacilityGroup"];

export interface GroupForm {
  name: string;
  facility_ids: number[];
}

export function formOf({ name, facility_ids }: Group): GroupForm {
  return { name, facility_ids };
}

/** The form on what somebody else saved meanwhile: what was changed, put in and taken out stays so. */
export function rebased(form: GroupForm, before: GroupForm, fresh: GroupForm): GroupForm {
  const added = form.facility_ids.filter((id) => !before.facility_ids.includes(id));
  const theirs = fresh.facility_ids.filter(
    (id) => form.facility_ids.includes(id) || !before.facility_ids.includes(id),
  );
  return {
    name: form.name === before.name ? fresh.name : form.name,
    facility_ids: [...new Set([...theirs, ...added])],
  };
}
