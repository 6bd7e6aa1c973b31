import { expect, test } from "vitest";
import { rebased } from "../../src/staff/groups/group.ts";

test("what two put into a group and took out of it at the same time is all done", () => {
  const before = { name: "Tower", facility_ids: [1, 2, 3] };
  const mine = { name: "Tower", facility_ids: [1, 2, 4] };
  const theirs = { name: "Tower rooms", facility_ids: [1, 3, 5] };
  expect(rebased(mine, before, theirs)).toEqual({ name: "Tower rooms", facility_ids: [1, 5, 4] });
});

test("a name that both changed is ours, to be looked at", () => {
  const named = (name: string) => ({ name, facility_ids: [] });
  expect(rebased(named("Ours"), named("Old"), named("Theirs")).name).toBe("Ours");
});
