/** What is short enough to be had whole. */
import { api, each, ok, type Schemas, type Site } from "../app/api.ts";
import { governs, me } from "../app/session.svelte.ts";

async function gathered<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) {
    found.push(item);
  }
  return found;
}

const page = { params: { query: { limit: 200 } } };

export function allSites(): Promise<Site[]> {
  return gathered(each(api, "/api/v1/sites/", page));
}

/** The sites at which the user may change things. */
export async function ourSites(): Promise<Site[]> {
  return (await allSites()).filter(({ id }) => governs(id));
}

export function allUserGroups(): Promise<Schemas["UserGroup"][]> {
  return gathered(each(api, "/api/v1/user-groups/", page));
}

export function allFacilityGroups(): Promise<Schemas["FacilityGroup"][]> {
  return gathered(each(api, "/api/v1/facility-groups/", page));
}

export function allFacilities(siteId?: number): Promise<Schemas["FacilityDetail"][]> {
  const query = { limit: 200, ...(siteId === undefined ? {} : { site_id: siteId }) };
  return gathered(each(api, "/api/v1/facilities/", { params: { query } }));
}

/** The site to look at where none is chosen: all for staff of the house, else their first. */
export function siteAtFirst(): string {
  return me()?.is_staff ? "" : String(me()?.sites[0]?.id ?? "");
}

interface Result {
  data?: unknown;
  error?: unknown;
  response: Response;
}

/** A record, with the version that it is of. */
export interface Versioned<T> {
  record: T;
  etag: string;
}

export async function versioned<R extends Result>(
  call: Promise<R>,
): Promise<Versioned<NonNullable<R["data"]>>> {
  const record = (await ok(call)) as NonNullable<R["data"]>;
  const { response } = await call;
  return { record, etag: response.headers.get("etag") ?? "*" };
}
