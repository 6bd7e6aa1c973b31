/** What was changed, from the records as they were stored before and after. */
import { type Period, stored } from "./hours.ts";

export type RecordKind = "user" | "site" | "facility" | "user_group" | "facility_group";

/** A value, with what it takes to write it for people. */
export type Value =
  | { kind: "nothing" }
  | { kind: "text"; text: string }
  | { kind: "number"; number: number }
  | { kind: "flag"; flag: boolean }
  | { kind: "minutes"; minutes: number }
  | { kind: "days"; days: number }
  | { kind: "hours"; hours: number }
  | { kind: "instant"; at: string }
  | { kind: "opening_hours"; periods: Period[] }
  | { kind: "list"; items: string[] }
  | { kind: "word"; of: "types" | "facility_status" | "scopes"; words: string[] }
  | { kind: "record"; of: RecordKind; id: number };

export interface FieldChange {
  /** The member of the record, in the contract's words. */
  field: string;
  from: Value;
  to: Value;
}

export type Stored = Record<string, unknown>;

const minutes = new Set([
  "min_duration_minutes",
  "max_duration_minutes",
  "min_notice_minutes",
  "start_step_minutes",
  "cancellation_notice_minutes",
  "buffer_before_minutes",
  "buffer_after_minutes",
  "approval_timeout_minutes",
]);
const records: Record<string, RecordKind> = {
  user_id: "user",
  site_id: "site",
  facility_id: "facility",
  user_group_id: "user_group",
  facility_group_id: "facility_group",
};
/** What is stored for the service's own sake, or follows from what else changed. */
const untold = new Set(["id", "created_at", "updated_at", "holidays_until", "search_text"]);
/** What comes first where several members are told; the rest stay as they are stored. */
const leading = ["name", "display_name", "start_time", "end_time", "reason"];
/** Times that say only that something is so. */
const flags: Record<string, string> = {
  deactivated_at: "is_deactivated",
  anonymised_at: "is_anonymised",
};

/** The members that differ. */
export function changesOf(before: Stored | undefined, after: Stored | undefined): FieldChange[] {
  const fields = new Set([
    ...leading.filter((field) => field in { ...before, ...after }),
    ...Object.keys(before ?? {}),
    ...Object.keys(after ?? {}),
  ]);
  return [...fields]
    .filter((field) => !untold.has(field))
    .filter((field) => !isSame(before?.[field], after?.[field]))
    .map((field) => ({
      field: flags[field] ?? field,
      from: valueOf(field, before?.[field]),
      to: valueOf(field, after?.[field]),
    }));
}

/** The members of one record that say something. */
export function contentOf(record: Stored): FieldChange[] {
  return changesOf(undefined, record).filter(({ to }) => to.kind !== "nothing");
}

function isSame(one: unknown, other: unknown): boolean {
  return JSON.stringify(one ?? null) === JSON.stringify(other ?? null);
}

function valueOf(field: string, value: unknown): Value {
  if (field in flags) {
    return { kind: "flag", flag: value !== null && value !== undefined };
  }
  if (value === null || value === undefined || value === "") {
    return { kind: "nothing" };
  }
  if (typeof value === "boolean") {
    return { kind: "flag", flag: value };
  }
  if (typeof value === "number") {
    return numberOf(field, value);
  }
  if (field === "opening_hours" && Array.isArray(value)) {
    return { kind: "opening_hours", periods: value as Period[] };
  }
  if (Array.isArray(value)) {
    const items = value.map(String);
    return field === "scopes"
      ? { kind: "word", of: "scopes", words: items }
      : { kind: "list", items };
  }
  return textOf(field, typeof value === "string" ? value : JSON.stringify(value));
}

function numberOf(field: string, number: number): Value {
  const of = records[field];
  if (of !== undefined) {
    return { kind: "record", of, id: number };
  }
  if (minutes.has(field)) {
    return { kind: "minutes", minutes: number };
  }
  if (field === "horizon_days") {
    return { kind: "days", days: number };
  }
  return field === "max_hours_per_week"
    ? { kind: "hours", hours: number }
    : { kind: "number", number };
}

function textOf(field: string, text: string): Value {
  if (field === "opening_hours") {
    const periods = stored(text);
    return periods ? { kind: "opening_hours", periods } : { kind: "text", text };
  }
  if (field === "facility_type") {
    return { kind: "word", of: "types", words: [text] };
  }
  if (field === "status") {
    return { kind: "word", of: "facility_status", words: [text] };
  }
  return /_(time|at)$/.test(field) && !Number.isNaN(Date.parse(text))
    ? { kind: "instant", at: text }
    : { kind: "text", text };
}
