import { expect, test } from "vitest";
import {
  amenitiesIn,
  bodyOf,
  changesIn,
  emptyForm,
  type FacilityForm,
  rebased,
} from "../../src/staff/facilities/facility.ts";

function form(changes: Partial<FacilityForm> = {}): FacilityForm {
  const empty = emptyForm({ id: 1, time_zone: "Europe/Berlin" });
  return { ...empty, name: "Lighthouse", capacity: 12, ...changes };
}

test("a form that nobody touched changes nothing", () => {
  expect(changesIn(form(), form())).toBeUndefined();
});

test("only what was touched is sent, of the rules too", () => {
  const before = form();
  const after = form({ capacity: 10, rules: { ...before.rules, buffer_after_minutes: 15 } });
  expect(changesIn(after, before)).toEqual({ capacity: 10, rules: { buffer_after_minutes: 15 } });
});

test("what is emptied is taken away", () => {
  const before = form({ description: "By the water.", hasOwnHours: true });
  before.rules.horizon_days = 30;
  const after = form();
  expect(changesIn(after, before)).toEqual({
    description: null,
    opening_hours: null,
    rules: { horizon_days: null },
  });
});

test("amenities are taken as people write them", () => {
  expect(amenitiesIn(" Step-free access, projector,, Projector ")).toEqual([
    "projector",
    "step_free_access",
  ]);
});

test("groups in another order are the same groups", () => {
  const [one, other] = [form({ user_group_ids: [3, 1] }), form({ user_group_ids: [1, 3] })];
  expect(changesIn(one, other)).toBeUndefined();
});

test("a facility without hours of its own keeps its site's", () => {
  expect(bodyOf(form()).opening_hours).toBeNull();
  expect(bodyOf(form({ hasOwnHours: true })).opening_hours).toEqual([]);
});

test("what somebody else saved is taken over, except where this form says otherwise", () => {
  const before = form();
  const mine = form({ capacity: 10, rules: { ...before.rules, min_notice_minutes: 60 } });
  const theirs = form({
    capacity: 8,
    name: "Light House",
    rules: { ...before.rules, buffer_after_minutes: 30 },
  });
  const merged = rebased(mine, before, theirs);
  expect(merged).toMatchObject({ capacity: 10, name: "Light House" });
  expect(merged.rules).toMatchObject({ min_notice_minutes: 60, buffer_after_minutes: 30 });
});
