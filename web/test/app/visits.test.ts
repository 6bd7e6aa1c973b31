import { afterEach, beforeEach, expect, test, vi } from "vitest";

const post =
  vi.fn<(path: string, init: { body: unknown; keepalive: boolean }) => Promise<object>>();
const session = { counts_usage: true };
const place = { path: "/" };

vi.mock("../../src/app/api.ts", () => ({ api: { POST: post } }));
vi.mock("../../src/app/session.svelte.ts", () => ({ me: () => session }));
vi.mock("../../src/app/router.svelte.ts", () => ({ path: () => place.path }));

type Visits = typeof import("../../src/app/visits.ts");

const MINUTE = 60_000;
let visits: Visits;
let stop: AbortController;

/** What was told, in order. */
const told = () => post.mock.calls.map(([, { body }]) => body);

beforeEach(async () => {
  vi.useFakeTimers();
  post.mockReset().mockResolvedValue({});
  session.counts_usage = true;
  place.path = "/";
  // Each test has a page of its own: what the last one's module listens to goes with it.
  stop = new AbortController();
  for (const target of [window, document]) {
    const listen = target.addEventListener.bind(target);
    vi.spyOn(target, "addEventListener").mockImplementation(
      (type: string, listener: EventListenerOrEventListenerObject | null, options?: unknown) => {
        listen(type, listener as EventListener, { ...(options as object), signal: stop.signal });
      },
    );
  }
  vi.resetModules();
  visits = await import("../../src/app/visits.ts");
});

afterEach(() => {
  stop.abort();
  vi.restoreAllMocks();
  vi.useRealTimers();
});

test("a visit that ends with a booking is told with the seconds since the timeline was seen", () => {
  visits.visitBegan();
  vi.advanceTimersByTime(21_400);
  visits.bookingBegan();
  vi.advanceTimersByTime(3_000);
  visits.visitEnded("booked");
  expect(told()).toEqual([{ outcome: "booked", seconds: 24, conflicts: 0 }]);
});

test("conflicts on the way are counted", () => {
  visits.visitBegan();
  visits.bookingBegan();
  visits.conflictMet();
  visits.conflictMet();
  visits.visitEnded("booked");
  expect(told()).toEqual([{ outcome: "booked", seconds: 0, conflicts: 2 }]);
});

test("closing the page tells that the search was left, and sends it to its end", () => {
  visits.visitBegan();
  vi.advanceTimersByTime(5_000);
  dispatchEvent(new Event("pointerdown"));
  dispatchEvent(new Event("pagehide"));
  expect(told()).toEqual([{ outcome: "left_search", seconds: 5, conflicts: 0 }]);
  expect(post.mock.calls[0]?.[1].keepalive).toBe(true);
});

test("closing the page after a booking was begun tells that the dialog was left", () => {
  visits.visitBegan();
  visits.bookingBegan();
  dispatchEvent(new Event("pagehide"));
  dispatchEvent(new Event("pagehide"));
  expect(told()).toEqual([{ outcome: "left_dialog", seconds: 0, conflicts: 0 }]);
});

test("half an hour's rest ends a visit at its last sign, and what follows is another", () => {
  visits.visitBegan();
  vi.advanceTimersByTime(10_000);
  dispatchEvent(new Event("keydown"));
  vi.advanceTimersByTime(30 * MINUTE);
  expect(told()).toEqual([{ outcome: "left_search", seconds: 10, conflicts: 0 }]);
  dispatchEvent(new Event("pointerdown"));
  vi.advanceTimersByTime(7_000);
  visits.bookingBegan();
  visits.visitEnded("booked");
  expect(told()[1]).toEqual({ outcome: "booked", seconds: 7, conflicts: 0 });
});

test("less than half an hour's rest ends nothing", () => {
  visits.visitBegan();
  vi.advanceTimersByTime(30 * MINUTE - 1);
  visits.visitBegan();
  vi.advanceTimersByTime(30 * MINUTE - 1);
  expect(told()).toEqual([]);
});

test("timers that stood still with the page make no visit of two hours", () => {
  visits.visitBegan();
  vi.setSystemTime(Date.now() + 120 * MINUTE);
  visits.bookingBegan();
  visits.visitEnded("booked");
  expect(told()).toEqual([
    { outcome: "left_search", seconds: 0, conflicts: 0 },
    { outcome: "booked", seconds: 0, conflicts: 0 },
  ]);
});

test("looking on after a booking is no visit that was left", () => {
  visits.visitBegan();
  visits.visitEnded("booked");
  dispatchEvent(new Event("pointerdown"));
  vi.advanceTimersByTime(2_000);
  dispatchEvent(new Event("pagehide"));
  expect(told()).toHaveLength(1);
});

test("a second booking is a visit from the first look after the one before", () => {
  visits.visitBegan();
  visits.visitEnded("booked");
  vi.advanceTimersByTime(MINUTE);
  dispatchEvent(new Event("pointerdown"));
  vi.advanceTimersByTime(9_000);
  visits.bookingBegan();
  visits.visitEnded("booked");
  expect(told()[1]).toEqual({ outcome: "booked", seconds: 9, conflicts: 0 });
});

test("what is touched on other pages begins no visit", () => {
  visits.visitBegan();
  visits.visitEnded("left_search");
  place.path = "/mine";
  dispatchEvent(new Event("pointerdown"));
  dispatchEvent(new Event("pagehide"));
  expect(told()).toHaveLength(1);
});

test("nothing is told where the service does not count", () => {
  session.counts_usage = false;
  visits.visitBegan();
  visits.visitEnded("booked");
  expect(told()).toEqual([]);
});

test("that the service cannot be told disturbs nobody", async () => {
  post.mockRejectedValue(new TypeError("away"));
  visits.visitBegan();
  visits.visitEnded("booked");
  await vi.advanceTimersByTimeAsync(0);
  expect(told()).toHaveLength(1);
});
