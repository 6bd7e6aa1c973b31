/** What a picker finds by a text: the first few of the service's answer. */
import { api, ok } from "../app/api.ts";
import { me } from "../app/session.svelte.ts";
import type { Choice } from "./parts/Picker.svelte";
import { personName } from "./people.ts";

const FEW = 12;

function search(text: string) {
  return text === "" ? {} : { search: text.slice(0, 100) };
}

export async function findUsers(text: string): Promise<Choice[]> {
  const query = { ...search(text), limit: FEW };
  const users = await ok(api.GET("/api/v1/users/", { params: { query } }));
  return users.map((user) => ({ id: user.id, name: personName(user), more: user.username }));
}

export async function findFacilities(text: string, siteId?: number): Promise<Choice[]> {
  const query = {
    ...search(text),
    ...(siteId === undefined ? {} : { site_id: siteId }),
    limit: FEW,
  };
  const facilities = await ok(api.GET("/api/v1/facilities/", { params: { query } }));
  return facilities.map(({ id, name, site }) => ({ id, name, more: site.name }));
}

/** Facilities that the user governs: of any site for staff of the house, else of each of theirs. */
export async function findOurFacilities(text: string): Promise<Choice[]> {
  const user = me();
  const found = await Promise.all(
    user?.is_staff
      ? [findFacilities(text)]
      : (user?.sites ?? []).map(({ id }) => findFacilities(text, id)),
  );
  return found.flat().sort((one, other) => one.name.localeCompare(other.name));
}
