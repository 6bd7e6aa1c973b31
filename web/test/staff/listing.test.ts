import { afterEach, beforeEach, expect, test, vi } from "vitest";

let change: () => void = () => undefined;
vi.mock("../../src/app/live.svelte.ts", () => ({
  onChange: (listener: () => void) => {
    change = listener;
    return () => undefined;
  },
}));
const { Listing } = await import("../../src/staff/listing.svelte.ts");

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test("a list is asked for even while changes do not cease", async () => {
  let asked = 0;
  const list = new Listing<number>();
  const stop = list.follow();
  await list.show(async function* () {
    asked += 1;
    yield* [];
  });
  for (let step = 0; step < 10; step += 1) {
    change();
    await vi.advanceTimersByTimeAsync(100);
  }
  stop();
  expect(asked).toBeGreaterThan(2);
});
