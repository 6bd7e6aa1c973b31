/** The latest first, of a list that the service gives the earliest first. */

/** Gives what lies between two times, in milliseconds, the earliest first. */
export type Between<T> = (start: number, end: number) => AsyncIterable<T>;

const HOUR = 3_600_000;
const FIRST_WINDOW = 24 * HOUR;
/** A window that has more is followed by a shorter one. */
const PLENTY = 400;

/** Looks back from `end` to `start`, through windows that grow while there is little in them. */
export async function* newestFirst<T>(
  between: Between<T>,
  start: number,
  end: number,
): AsyncGenerator<T, void, undefined> {
  let window = FIRST_WINDOW;
  let to = end;
  while (to > start) {
    const from = Math.max(start, to - window);
    const found: T[] = [];
    for await (const item of between(from, to)) {
      found.push(item);
    }
    yield* found.reverse();
    window = found.length > PLENTY ? Math.max(HOUR, window / 4) : window * 2;
    to = from;
  }
}
