/** What people should know of a facility's rules before they book, in a line each. */
import { t } from "../app/i18n.ts";
import { reasonOf } from "../app/problems.ts";
import { length, moment } from "../time/format.ts";
import { MINUTE } from "../time/zones.ts";
import type { Timeline } from "./times.ts";

export interface Asked {
  start: number;
  /** Whether the user governs the facility's site: neither approval nor deadline bind them. */
  isStaff: boolean;
  now: number;
}

export function remarks(timeline: Timeline, { start, isStaff, now }: Asked): string[] {
  const { rules, refusal, facility } = timeline;
  const notes = refusal ? [reasonOf(refusal)] : [];
  if (rules.requires_approval && !isStaff) {
    notes.push(t("book:needs_approval"));
  }
  const [before, after] = [rules.buffer_before_minutes, rules.buffer_after_minutes];
  if (before > 0 || after > 0) {
    const times = { before: length(before), after: length(after) };
    const key = before === 0 ? "after" : after === 0 ? "before" : "both";
    notes.push(t(`book:buffers.${key}`, times));
  }
  if (rules.cancellation_notice_minutes > 0 && !isStaff) {
    notes.push(deadline(lastChance(start, rules), facility.time_zone, now));
  }
  return notes;
}

/** Until when a member may give up a confirmed booking, in milliseconds. */
export function lastChance(start: number, rules: Timeline["rules"]): number {
  return start - rules.cancellation_notice_minutes * MINUTE;
}

/** The same in a sentence. */
export function deadline(until: number, zone: string, now: number): string {
  return until < now ? t("book:too_late") : t("book:give_up_by", { time: moment(until, zone) });
}
