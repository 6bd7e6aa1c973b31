/** What people should know of a facility's rules before they book, in a line each. */
import { t } from "../app/i18n.ts";
import { governs } from "../app/session.svelte.ts";
import { length } from "../time/format.ts";
import type { Timeline } from "./times.ts";

export function remarks({ rules, refusal }: Timeline, siteId: number): string[] {
  const notes: string[] = [];
  if (refusal) {
    notes.push(refusal.detail);
  }
  if (governs(siteId)) {
    return notes;
  }
  if (rules.requires_approval) {
    notes.push(t("book:needs_approval"));
  }
  if (rules.cancellation_notice_minutes > 0) {
    notes.push(t("book:give_up_by", { time: length(rules.cancellation_notice_minutes) }));
  }
  return notes;
}
