/** The present, for what moves with it: to the half minute. */
const state = $state({ now: Date.now() });

setInterval(() => {
  state.now = Date.now();
}, 15_000);

/** Milliseconds since the epoch. */
export function now(): number {
  return state.now;
}
