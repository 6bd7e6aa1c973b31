/** Where a booking lies on the strip of its day, and where it can be moved to. */
import { MINUTE } from "../time/zones.ts";

/** The start nearest to the wanted one of those that a booking may have; undefined of none. */
export function nearest(starts: readonly number[], wanted: number): number | undefined {
  let best: number | undefined;
  for (const start of starts) {
    if (best === undefined || Math.abs(start - wanted) < Math.abs(best - wanted)) {
      best = start;
    }
  }
  return best;
}

/** The start that is next in a direction. */
export function next(starts: readonly number[], from: number, direction: 1 | -1): number {
  const further = starts.filter((start) => (start - from) * direction > 0);
  return nearest(further, from) ?? from;
}

/** The starts, of those possible, from which a booking of so many milliseconds fits. */
export function fitting(
  starts: readonly number[],
  endsAfter: (start: number) => readonly number[],
  milliseconds: number,
): number[] {
  return starts.filter((start) => endsAfter(start).includes(start + milliseconds));
}

/** How far along a stretch an instant lies, in per cent, and never out of it. */
export function along(at: number, from: number, to: number): number {
  const share = (at - from) / Math.max(MINUTE, to - from);
  return 100 * Math.min(1, Math.max(0, share));
}
