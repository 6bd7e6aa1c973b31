/**
 * How visits to the timeline end: booked, left with a booking begun, or left without one.
 *
 * Counted for the staff by `usage_record`, where the service counts (`Me.counts_usage`). What is told
 * is the outcome, the seconds and the conflicts: not who, and nothing is kept beyond the open page.
 */
import { api, type Schemas } from "./api.ts";
import { path } from "./router.svelte.ts";
import { me } from "./session.svelte.ts";

type Outcome = Schemas["VisitOutcome"];

interface Visit {
  began: number;
  /** When there was last a sign of the visitor. */
  seen: number;
  hasBegunBooking: boolean;
  conflicts: number;
  /** Whether looking on after a booking is all there was of it, which is no visit unless they book. */
  isAfterglow: boolean;
}

const REST_MILLISECONDS = 30 * 60_000;
const LONGEST_SECONDS = 86_400;
const MOST_CONFLICTS = 100;

let visit: Visit | undefined;
let hasBooked = false;
let rest: ReturnType<typeof setTimeout> | undefined;
let isListening = false;

/** The timeline is seen: a visit begins, unless one is under way. */
export function visitBegan(): void {
  listen();
  endIfRested();
  visit ??= fresh(false);
  visit.isAfterglow = false;
  touch();
}

/** A booking is begun: the dialog that makes it opens. */
export function bookingBegan(): void {
  listen();
  endIfRested();
  visit ??= fresh(false);
  visit.isAfterglow = false;
  visit.hasBegunBooking = true;
  touch();
}

/** The booking was refused because somebody has the time. */
export function conflictMet(): void {
  if (visit) {
    visit.conflicts = Math.min(MOST_CONFLICTS, visit.conflicts + 1);
    touch();
  }
}

/** The visit has come to its end. The next one begins with what is looked for next. */
export function visitEnded(outcome: Outcome): void {
  if (visit) {
    visit.seen = Date.now();
    tell(visit, outcome);
  }
  forget();
  hasBooked = outcome === "booked";
}

function fresh(isAfterglow: boolean): Visit {
  const now = Date.now();
  return { began: now, seen: now, hasBegunBooking: false, conflicts: 0, isAfterglow };
}

function forget(): void {
  visit = undefined;
  clearTimeout(rest);
}

function touch(): void {
  if (visit) {
    visit.seen = Date.now();
    clearTimeout(rest);
    rest = setTimeout(leave, REST_MILLISECONDS);
  }
}

/** A timer may have stood still with the page, such as on a phone that was put away. */
function endIfRested(): void {
  if (visit && Date.now() - visit.seen >= REST_MILLISECONDS) {
    leave();
  }
}

/** The visitor is gone, since they were last seen. */
function leave(): void {
  if (visit && !visit.isAfterglow) {
    tell(visit, visit.hasBegunBooking ? "left_dialog" : "left_search");
  }
  hasBooked = false;
  forget();
}

function listen(): void {
  if (isListening) {
    return;
  }
  isListening = true;
  const seen = () => {
    endIfRested();
    if (visit) {
      touch();
    } else if (path() === "/" || path().startsWith("/facilities/")) {
      visit = fresh(hasBooked);
      touch();
    }
  };
  addEventListener("pointerdown", seen, { capture: true, passive: true });
  addEventListener("keydown", seen, { capture: true, passive: true });
  addEventListener("pagehide", leave);
  document.addEventListener("visibilitychange", () => {
    endIfRested();
    // The rest begins when the page is put away, not when it was last touched.
    touch();
  });
}

function tell({ began, seen, conflicts }: Visit, outcome: Outcome): void {
  if (me()?.counts_usage !== true) {
    return;
  }
  const seconds = Math.min(LONGEST_SECONDS, Math.max(0, Math.round((seen - began) / 1000)));
  // Sent to its end even if the page is closed. That it fails is nothing that visitors could mend.
  api
    .POST("/api/v1/usage/", { body: { outcome, seconds, conflicts }, keepalive: true })
    .catch(() => undefined);
}
