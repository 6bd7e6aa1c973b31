import { expect, test } from "vitest";
import { changesIn, rebased, type UserForm } from "../../src/staff/users/user.ts";

function form(changes: Partial<UserForm> = {}): UserForm {
  return { display_name: "Noor", is_staff: false, site_ids: [1, 2], ...changes };
}

test("a form that nobody touched changes nothing", () => {
  expect(changesIn(form({ display_name: " Noor ", site_ids: [2, 1] }), form())).toBeUndefined();
});

test("a right that somebody else took away meanwhile is not given back", () => {
  const before = form({ is_staff: true });
  const mine = { ...before, display_name: "Noor Haddad" };
  const theirs = form({ is_staff: false, site_ids: [1] });
  const merged = rebased(mine, before, theirs);
  expect(changesIn(merged, theirs)).toEqual({ display_name: "Noor Haddad" });
});

test("an emptied name is taken away", () => {
  expect(changesIn(form({ display_name: " " }), form())).toEqual({ display_name: null });
});
