/** Entries of the audit log, as sentences. */
import type { Schemas } from "../../app/api.ts";
import { t } from "../../app/i18n.ts";
import {
  changesOf,
  contentOf,
  type FieldChange,
  type RecordKind,
  type Stored,
} from "../changes.ts";
import { quoted } from "../tell.ts";

export type Entry = Schemas["AuditLogEntry"];

export const recordTypes = [
  "site",
  "closure",
  "user",
  "user_token",
  "user_group",
  "user_group_member",
  "facility_user_group",
  "site_staff",
  "facility_group",
  "facility_group_member",
  "quota",
] as const satisfies Schemas["RecordType"][];

type NameOf = (kind: RecordKind, id: number) => string;

/** Who belongs to what: a record is two others. */
const memberships: Partial<Record<Schemas["RecordType"], [RecordKind, RecordKind]>> = {
  user_group_member: ["user", "user_group"],
  facility_user_group: ["facility", "user_group"],
  site_staff: ["user", "site"],
  facility_group_member: ["facility", "facility_group"],
};

export interface Told {
  /** What happened as a whole. */
  headline: string;
  /** What else the record says, or what of it changed. */
  changes: FieldChange[];
}

/** What the entry says; `who` did it. */
export function tellEntry(entry: Entry, who: string, nameOf: NameOf): Told {
  const { record_type, action, old_values, new_values } = entry;
  const values = { ...old_values, ...new_values };
  const pair = memberships[record_type];
  if (pair && action !== "updated") {
    const [one, other] = pair.map((kind) => nameOf(kind, Number(values[`${kind}_id`])));
    const key = `staff:history.${record_type}.${action}` as "staff:history.site_staff.created";
    return { headline: t(key, { who, one, other }), changes: [] };
  }
  const what = t(`staff:record.${record_type}`);
  const name = nameIn(values, record_type, nameOf);
  const headline = t(`staff:history.${action}`, { who, what, name }).trim();
  if (action === "updated") {
    return { headline, changes: changesOf(old_values, new_values) };
  }
  return { headline, changes: action === "created" ? restOf(new_values ?? {}) : [] };
}

export function saysSomething({ action, old_values, new_values }: Entry): boolean {
  return action !== "updated" || changesOf(old_values, new_values).length > 0;
}

/** What tells the record apart from others of its kind. */
function nameIn(values: Stored, type: Schemas["RecordType"], nameOf: NameOf): string {
  if (type === "quota") {
    return scopeOf(values, nameOf);
  }
  if (type === "closure") {
    return `${quoted(String(values["reason"]))}, ${scopeOf(values, nameOf)}`;
  }
  const text = values["display_name"] ?? values["name"] ?? values["username"] ?? "";
  const owner = type === "user_token" ? ` (${nameOf("user", Number(values["user_id"]))})` : "";
  return quoted(String(text)) + owner;
}

function scopeOf(values: Stored, nameOf: NameOf): string {
  for (const kind of ["facility", "facility_group", "site"] as const) {
    const id = values[`${kind}_id`];
    if (typeof id === "number") {
      return nameOf(kind, id);
    }
  }
  return t("staff:closure.scopes.everything");
}

/** What the headline has not told already, and somebody would want to know. */
const told = new Set([
  "name",
  "reason",
  "source",
  "user_id",
  "facility_id",
  "site_id",
  "facility_group_id",
  "token_prefix",
]);

function restOf(values: Stored): FieldChange[] {
  return contentOf(values).filter(
    ({ field, to }) => !told.has(field) && !(to.kind === "flag" && !to.flag),
  );
}
