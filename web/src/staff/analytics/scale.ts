/** The axis of a chart: from nothing to a round number that holds everything. */
export function axis(largest: number, least: number, most = Number.POSITIVE_INFINITY): number[] {
  const atLeast = Math.max(largest, least);
  const magnitude = 10 ** Math.floor(Math.log10(atLeast));
  const round = [1, 2, 4, 6, 8, 10].map((factor) => factor * magnitude);
  const end = Math.min(round.find((each) => each >= atLeast) ?? atLeast, most);
  return [0, end / 2, end];
}

/** Which of so many columns are named below, so that their names do not run into each other. */
export function named(count: number, width: number, labelWidth: number): Set<number> {
  const most = Math.max(1, Math.floor(width / labelWidth));
  const every = Math.max(1, Math.ceil(count / most));
  return new Set(Array.from({ length: Math.ceil(count / every) }, (_, index) => index * every));
}
