/** How visits to the timeline ended, step by step, and as a table. */
import type { Schemas } from "../../app/api.ts";

type Report = Schemas["UsageReport"];

export interface Step {
  step: "visits" | "begun" | "booked";
  count: number;
  /** Of all visits. */
  share: number;
  /** How many of the step before did not come here. */
  lost: number;
}

export function stepsOf({ visits, begun, booked }: Report): Step[] {
  const share = (count: number) => (visits === 0 ? 0 : count / visits);
  return [
    { step: "visits", count: visits, share: share(visits), lost: 0 },
    { step: "begun", count: begun, share: share(begun), lost: visits - begun },
    { step: "booked", count: booked, share: share(booked), lost: begun - booked },
  ];
}

const columns = [
  "week",
  "visits",
  "begun",
  "booked",
  "with_conflict",
  "success_rate",
  "conflict_rate",
  "users",
  "new_users",
] as const satisfies readonly (keyof Schemas["UsageWeek"])[];

/** CSV as the service's own exports are: RFC 4180, the columns by the contract's names. */
export function csvOf({ weeks }: Report): string {
  const lines = weeks.map((week) => columns.map((column) => String(week[column])).join(","));
  return [columns.join(","), ...lines, ""].join("\r\n");
}
