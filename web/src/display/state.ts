/** What a door says, from the blocks of its facility's timeline. Knows no clock and no texts. */
import type { Schemas } from "../app/api.ts";
import { DAY_MINUTES, dayIn, MINUTE, minuteOf, QUARTER_MINUTES, read } from "../time/zones.ts";

type Timeline = Schemas["FacilityTimeline"];
type Kind = Schemas["BlockKind"];

export interface Block {
  kind: Kind;
  start: number;
  end: number;
  /** What is booked, where the viewer may know it. */
  title?: string;
  /** Why it is closed. */
  reason?: string;
}

export interface State {
  word: "free" | "taken" | "closed";
  /** When that changes; undefined where it does not in all the time that was looked at. */
  until: number | undefined;
  /** What is on at the moment, for one that is taken or closed. */
  current: Block | undefined;
}

const taken = new Set<Kind>(["booked", "pending", "buffer"]);
const closed = new Set<Kind>(["closed", "outside_opening_hours"]);

/** How far a display looks ahead: as far as one request may. */
export const LOOK_AHEAD = 31 * DAY_MINUTES * MINUTE;

export function blocksOf(timeline: Timeline): Block[] {
  return timeline.blocks.map(({ kind, start_time, end_time, booking, reason }) => ({
    kind,
    start: read(start_time),
    end: read(end_time),
    ...(booking ? { title: booking.title } : {}),
    ...(reason === undefined ? {} : { reason }),
  }));
}

/** A quarter of an hour begins: what is asked for does not change more often than that. */
export function quarterAt(now: number): number {
  const quarter = QUARTER_MINUTES * MINUTE;
  return Math.floor(now / quarter) * quarter;
}

function wordFor(kind: Kind): State["word"] {
  return taken.has(kind) ? "taken" : closed.has(kind) ? "closed" : "free";
}

/** Free, taken or closed, and until when: one booking right after another is one time taken. */
export function stateAt(blocks: Block[], now: number, horizon: number): State {
  const current = blocks.find(
    ({ kind, start, end }) => wordFor(kind) !== "free" && start <= now && now < end,
  );
  const word = current ? wordFor(current.kind) : "free";
  let until = now;
  for (const block of blocks) {
    if (block.end <= until || wordFor(block.kind) === "free") {
      continue;
    }
    if (word === "free") {
      return { word, until: block.start, current };
    }
    if (block.start > until || wordFor(block.kind) !== word) {
      break;
    }
    until = block.end;
  }
  return { word, until: word === "free" || until >= horizon ? undefined : until, current };
}

/** What is booked next, soonest first; what is on is not. */
export function nextAfter(blocks: Block[], now: number, most: number): Block[] {
  return blocks
    .filter(({ kind, start }) => (kind === "booked" || kind === "pending") && start > now)
    .slice(0, most);
}

/** Why a length cannot be booked at once. */
export type Obstacle =
  | { why: "refused"; type: Schemas["ProblemType"] }
  | { why: "too_short" | "too_long"; minutes: number }
  | { why: "notice"; minutes: number }
  | { why: "taken" | "closed"; from: number; until: number; isNow: boolean }
  | { why: "horizon" };

export interface Offer {
  minutes: number;
  start: number;
  end: number;
  /** Absent where it can be booked. */
  obstacle?: Obstacle;
}

/** The first moment from which one may book: the next mark that is on the facility's step. */
export function nextStart(timeline: Timeline, now: number): number {
  const zone = timeline.facility.time_zone;
  const quarter = QUARTER_MINUTES * MINUTE;
  const step = timeline.rules.start_step_minutes;
  let start = Math.ceil(now / quarter) * quarter;
  while (minuteOf(start, dayIn(zone, start), zone) % step >= QUARTER_MINUTES) {
    start += quarter;
  }
  return start;
}

/** Whether these many minutes can be booked from now on, or what is in the way. */
export function offer(timeline: Timeline, blocks: Block[], now: number, minutes: number): Offer {
  const start = nextStart(timeline, now);
  const made = { minutes, start, end: start + minutes * MINUTE };
  const obstacle = obstacleTo(timeline, blocks, now, made);
  return obstacle ? { ...made, obstacle } : made;
}

function obstacleTo(
  { refusal, rules }: Timeline,
  blocks: Block[],
  now: number,
  { minutes, start, end }: Offer,
): Obstacle | undefined {
  if (refusal) {
    return { why: "refused", type: refusal.type };
  }
  if (minutes < rules.min_duration_minutes) {
    return { why: "too_short", minutes: rules.min_duration_minutes };
  }
  if (minutes > rules.max_duration_minutes) {
    return { why: "too_long", minutes: rules.max_duration_minutes };
  }
  // From now, not from the start: nobody books at a door what is for others until then.
  const block = blocks.find((each) => {
    const begin = each.kind === "notice" ? start : now;
    return each.start < end && begin < each.end;
  });
  if (block === undefined) {
    return undefined;
  }
  if (block.kind === "notice") {
    return { why: "notice", minutes: rules.min_notice_minutes };
  }
  if (block.kind === "beyond_horizon") {
    return { why: "horizon" };
  }
  const isNow = block.start <= now;
  const { until } = stateAt(blocks, isNow ? now : block.start, Number.POSITIVE_INFINITY);
  return {
    why: taken.has(block.kind) ? "taken" : "closed",
    from: block.start,
    until: until ?? block.end,
    isNow,
  };
}
