import { describe, expect, test } from "vitest";
import type { Schemas } from "../../src/app/api.ts";
import {
  type Block,
  blocksOf,
  nextAfter,
  nextStart,
  offer,
  quarterAt,
  stateAt,
} from "../../src/display/state.ts";

type Timeline = Schemas["FacilityTimeline"];

const at = (clock: string) => Date.parse(`2027-03-09T${clock}:00Z`);
const horizon = Date.parse("2027-04-09T00:00:00Z");

function block(kind: Block["kind"], start: string, end: string, more: Partial<Block> = {}): Block {
  return { kind, start: at(start), end: at(end), ...more };
}

function timeline(rules: Partial<Timeline["rules"]> = {}, more: Partial<Timeline> = {}): Timeline {
  const site = { id: 1, name: "Harbour Campus" };
  return {
    facility: {
      id: 7,
      name: "Lighthouse",
      site,
      facility_type: "room",
      capacity: 12,
      time_zone: "UTC",
    },
    amenities: [],
    rules: {
      min_duration_minutes: 15,
      max_duration_minutes: 480,
      min_notice_minutes: 0,
      horizon_days: 60,
      start_step_minutes: 15,
      cancellation_notice_minutes: 0,
      buffer_before_minutes: 0,
      buffer_after_minutes: 0,
      requires_approval: false,
      approval_timeout_minutes: 60,
      ...rules,
    },
    blocks: [],
    ...more,
  };
}

describe("free, taken or closed", () => {
  test("a facility without blocks is free for as long as one can see", () => {
    expect(stateAt([], at("10:00"), horizon)).toEqual({
      word: "free",
      until: undefined,
      current: undefined,
    });
  });

  test("it is free until the next booking begins", () => {
    const blocks = [block("booked", "11:00", "12:00")];
    expect(stateAt(blocks, at("10:07"), horizon)).toMatchObject({
      word: "free",
      until: at("11:00"),
    });
  });

  test.each([
    ["10:59", "free"],
    ["11:00", "taken"],
    ["11:59", "taken"],
    ["12:00", "free"],
  ])("beside a booking from 11 to 12 it is, at %s, %s", (clock, word) => {
    expect(stateAt([block("booked", "11:00", "12:00")], at(clock), horizon).word).toBe(word);
  });

  test("a booking that waits for approval counts as taken", () => {
    expect(stateAt([block("pending", "11:00", "12:00")], at("11:30"), horizon).word).toBe("taken");
  });

  test("bookings and buffers one right after another are one time taken", () => {
    const blocks = [
      block("booked", "10:00", "11:00", { title: "Stand-up" }),
      block("buffer", "11:00", "11:15"),
      block("pending", "11:15", "12:00"),
      block("closed", "12:00", "13:00"),
    ];
    const state = stateAt(blocks, at("10:30"), horizon);
    expect(state).toMatchObject({ word: "taken", until: at("12:00") });
    expect(state.current?.title).toBe("Stand-up");
  });

  test("what is closed stays so over the hours that join a closure", () => {
    const blocks = [
      block("closed", "16:00", "18:00", { reason: "New carpet" }),
      block("outside_opening_hours", "18:00", "22:00"),
    ];
    expect(stateAt(blocks, at("16:00"), horizon)).toMatchObject({
      word: "closed",
      until: at("22:00"),
      current: { reason: "New carpet" },
    });
  });

  test("notice and horizon take nothing", () => {
    const blocks = [
      block("notice", "09:45", "10:15"),
      block("booked", "10:15", "11:00"),
      block("beyond_horizon", "20:00", "23:00"),
    ];
    expect(stateAt(blocks, at("10:00"), horizon)).toMatchObject({
      word: "free",
      until: at("10:15"),
    });
  });

  test("nothing is said of when a closure ends that outlasts what was looked at", () => {
    const blocks = [{ kind: "closed" as const, start: at("09:00"), end: horizon }];
    expect(stateAt(blocks, at("10:00"), horizon)).toMatchObject({
      word: "closed",
      until: undefined,
    });
  });
});

test("next are the bookings that begin later, at most as many as asked", () => {
  const blocks = [
    block("booked", "10:00", "11:00"),
    block("buffer", "11:00", "11:15"),
    block("booked", "11:15", "12:00"),
    block("pending", "13:00", "14:00"),
    block("booked", "15:00", "16:00"),
  ];
  expect(nextAfter(blocks, at("10:00"), 2).map(({ start }) => start)).toEqual([
    at("11:15"),
    at("13:00"),
  ]);
});

test("a block tells its title where one may know it", () => {
  const user = { id: 1, username: "maria" };
  const [known, unknown] = blocksOf(
    timeline(
      {},
      {
        blocks: [
          {
            kind: "booked",
            start_time: "2027-03-09T09:00:00Z",
            end_time: "2027-03-09T10:00:00Z",
            booking: { id: 1, title: "Review", user },
          },
          {
            kind: "booked",
            start_time: "2027-03-09T10:00:00Z",
            end_time: "2027-03-09T11:00:00Z",
          },
        ],
      },
    ),
  );
  expect(known).toEqual(block("booked", "09:00", "10:00", { title: "Review" }));
  expect(unknown).toEqual(block("booked", "10:00", "11:00"));
});

test("what is asked for begins with a quarter of an hour", () => {
  expect(quarterAt(at("10:14"))).toBe(at("10:00"));
  expect(quarterAt(at("10:15"))).toBe(at("10:15"));
});

describe("booking at once", () => {
  test.each([
    [15 as const, "10:00", "10:00"],
    [15 as const, "10:01", "10:15"],
    [30 as const, "10:01", "10:30"],
    [60 as const, "10:01", "11:00"],
  ])("on a step of %i minutes it begins, at %s, at %s", (step, now, start) => {
    expect(nextStart(timeline({ start_step_minutes: step }), at(now))).toBe(at(start));
  });

  test("the step is that of the facility's own clock", () => {
    const site = timeline({ start_step_minutes: 60 });
    site.facility.time_zone = "Asia/Kathmandu"; // 5 hours and 45 minutes ahead
    expect(nextStart(site, at("10:01"))).toBe(at("10:15"));
  });

  test("it fits up to the very start of what comes next", () => {
    const blocks = [block("booked", "10:45", "12:00")];
    const offered = (minutes: number) => offer(timeline(), blocks, at("10:10"), minutes);
    expect(offered(15)).toEqual({ minutes: 15, start: at("10:15"), end: at("10:30") });
    expect(offered(30).obstacle).toBeUndefined();
    expect(offered(60).obstacle).toEqual({
      why: "taken",
      from: at("10:45"),
      until: at("12:00"),
      isNow: false,
    });
  });

  test("what is taken now cannot be booked now, though it ends before the next quarter", () => {
    const blocks = [block("booked", "09:00", "10:15"), block("notice", "10:00", "10:15")];
    expect(offer(timeline(), blocks, at("10:10"), 15).obstacle).toEqual({
      why: "taken",
      from: at("09:00"),
      until: at("10:15"),
      isNow: true,
    });
  });

  test("that nobody may book what has begun already is no notice", () => {
    const blocks = [block("notice", "10:00", "10:15")];
    expect(offer(timeline(), blocks, at("10:10"), 60).obstacle).toBeUndefined();
  });

  test("a facility that wants notice says how much", () => {
    const blocks = [block("notice", "10:00", "12:15")];
    const site = timeline({ min_notice_minutes: 120 });
    expect(offer(site, blocks, at("10:10"), 15).obstacle).toEqual({ why: "notice", minutes: 120 });
  });

  test("lengths that the rules do not allow are named", () => {
    const site = timeline({ min_duration_minutes: 30, max_duration_minutes: 45 });
    const obstacle = (minutes: number) => offer(site, [], at("10:00"), minutes).obstacle;
    expect(obstacle(15)).toEqual({ why: "too_short", minutes: 30 });
    expect(obstacle(30)).toBeUndefined();
    expect(obstacle(60)).toEqual({ why: "too_long", minutes: 45 });
  });

  test("before closing only what ends in time is offered", () => {
    const blocks = [block("outside_opening_hours", "18:00", "23:00")];
    expect(offer(timeline(), blocks, at("17:30"), 30).obstacle).toBeUndefined();
    expect(offer(timeline(), blocks, at("17:30"), 60).obstacle).toMatchObject({ why: "closed" });
  });

  test("whoever may never book here is told why", () => {
    const refusal = { type: "facility_restricted" as const, detail: "Only for the lab's people." };
    expect(offer(timeline({}, { refusal }), [], at("10:00"), 15).obstacle).toEqual({
      why: "refused",
      type: "facility_restricted",
    });
  });
});
