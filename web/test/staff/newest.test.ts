import { expect, test } from "vitest";
import { newestFirst } from "../../src/staff/newest.ts";

const HOUR = 3_600_000;

async function looked(times: number[], start: number, end: number) {
  const windows: [number, number][] = [];
  async function* between(from: number, to: number) {
    windows.push([from, to]);
    yield* times.filter((time) => from <= time && time < to);
  }
  const found: number[] = [];
  for await (const time of newestFirst(between, start, end)) {
    found.push(time);
  }
  return { found, windows };
}

test("everything is found once, the latest first", async () => {
  const times = Array.from({ length: 90 }, (_, index) => index * 7 * HOUR);
  const { found } = await looked(times, 0, 700 * HOUR);
  expect(found).toEqual([...times].reverse());
});

test("where there is little, few questions reach far back", async () => {
  const { windows } = await looked([1], 0, 20 * 365 * 24 * HOUR);
  expect(windows.length).toBeLessThan(16);
  expect(windows.at(-1)?.[0]).toBe(0);
});

test("nothing before the start is asked for", async () => {
  const { found, windows } = await looked([0, 5 * HOUR], 3 * HOUR, 10 * HOUR);
  expect(found).toEqual([5 * HOUR]);
  expect(windows).toEqual([[3 * HOUR, 10 * HOUR]]);
});
