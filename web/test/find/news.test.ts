import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { gather } from "../../src/find/news.ts";

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

test("what changes within a moment is asked for at once, each but one time", async () => {
  const ask = vi.fn<(ids: number[] | undefined) => Promise<void>>(() => Promise.resolve());
  const news = gather(ask);
  for (const id of [1, 2, 1]) {
    news.one(id);
  }
  await vi.advanceTimersByTimeAsync(1000);
  expect(ask.mock.calls).toEqual([[[1, 2]]]);
});

test("where much changed, all is asked for", async () => {
  const ask = vi.fn<(ids: number[] | undefined) => Promise<void>>(() => Promise.resolve());
  const news = gather(ask);
  for (let id = 1; id <= 20; id += 1) {
    news.one(id);
  }
  await vi.advanceTimersByTimeAsync(1000);
  expect(ask.mock.calls).toEqual([[undefined]]);
});

test("what changes while it is being asked for is asked for again, afterwards", async () => {
  let answer = () => {};
  const ask = vi.fn<(ids: number[] | undefined) => Promise<void>>(
    () => new Promise((done) => (answer = done)),
  );
  const news = gather(ask);
  news.one(1);
  await vi.advanceTimersByTimeAsync(1000);
  news.one(1);
  await vi.advanceTimersByTimeAsync(1000);
  expect(ask).toHaveBeenCalledTimes(1);
  answer();
  await vi.advanceTimersByTimeAsync(1000);
  expect(ask).toHaveBeenCalledTimes(2);
});

test("nothing is asked for after the end", async () => {
  const ask = vi.fn<(ids: number[] | undefined) => Promise<void>>(() => Promise.resolve());
  const news = gather(ask);
  news.all();
  news.stop();
  news.all();
  await vi.advanceTimersByTimeAsync(1000);
  expect(ask).not.toHaveBeenCalled();
});
