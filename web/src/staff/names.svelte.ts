/** The names of records that are known by their identifier, asked for when they are first told. */
import { SvelteMap } from "svelte/reactivity";
import { api, isProblem, ok } from "../app/api.ts";
import { onChange } from "../app/live.svelte.ts";
import { me, noticeEnd } from "../app/session.svelte.ts";
import type { RecordKind } from "./changes.ts";
import { personName } from "./people.ts";

const names = new SvelteMap<string, string>();
const zones = new SvelteMap<number, string>();
const asked = new Set<string>();

const ask: Record<RecordKind, (id: number) => Promise<string>> = {
  user: async (id) =>
    personName(await ok(api.GET("/api/v1/users/{id}/", { params: { path: { id } } }))),
  site: async (id) => (await ok(api.GET("/api/v1/sites/{id}/", { params: { path: { id } } }))).name,
  facility: async (id) => {
    const params = { path: { id } };
    const { name, time_zone } = await ok(api.GET("/api/v1/facilities/{id}/", { params }));
    zones.set(id, time_zone);
    return name;
  },
  user_group: async (id) =>
    (await ok(api.GET("/api/v1/user-groups/{id}/", { params: { path: { id } } }))).name,
  facility_group: async (id) =>
    (await ok(api.GET("/api/v1/facility-groups/{id}/", { params: { path: { id } } }))).name,
};

// What was changed may have another name: it is asked for again where it is next shown.
onChange((change) => {
  if (change?.record === "facility" || change?.record === "site") {
    const id = change.record === "facility" ? change.facility_id : change.site_id;
    asked.delete(keyOf(change.record, id ?? 0));
  }
});

/** What one user may see is not for the next who signs in here. */
function keyOf(kind: RecordKind, id: number): string {
  return `${me()?.id} ${kind} ${id}`;
}

/** The name, or the number of what has none, is gone, or is not known yet. */
export function nameOf(kind: RecordKind, id: number): string {
  const key = keyOf(kind, id);
  if (!asked.has(key)) {
    asked.add(key);
    ask[kind](id).then(
      (name) => names.set(key, name),
      (error: unknown) => {
        noticeEnd(error);
        if (!isProblem(error, "not_found")) {
          asked.delete(key);
        }
      },
    );
  }
  return names.get(key) ?? `#${id}`;
}

/** The zone that a facility lives by; undefined until it is known. */
export function zoneOf(facilityId: number): string | undefined {
  nameOf("facility", facilityId);
  return zones.get(facilityId);
}
