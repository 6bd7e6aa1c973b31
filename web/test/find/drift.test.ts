import { expect, test } from "vitest";
import { speedAt } from "../../src/find/drift.ts";

const sight = { left: 200, right: 1000 };

test("in the middle nothing scrolls", () => {
  expect([244, 600, 956].map((x) => speedAt(x, sight))).toEqual([0, 0, 0]);
});

test("it scrolls the faster the nearer to the edge, and no faster beyond", () => {
  const right = [960, 980, 1000, 1400].map((x) => speedAt(x, sight));
  expect(right).toEqual([2, 9, 16, 16]);
  expect([240, 220, 200, -100].map((x) => speedAt(x, sight))).toEqual(right.map((each) => -each));
});

test("where little is in sight, most of it still holds still", () => {
  const narrow = { left: 0, right: 80 };
  expect([20, 40, 60].map((x) => speedAt(x, narrow))).toEqual([0, 0, 0]);
  expect(speedAt(80, narrow)).toBe(16);
});
