/** Which of the filters leaves nothing. */
import { api, ok } from "../app/api.ts";
import { active, asked, type Filter, type Filters, names, ofTime } from "./filters.ts";

/** The filters without these. */
export function without(filters: Filters, some: readonly Filter[]): Filters {
  const none: Filters = {
    text: "",
    siteId: 0,
    capacity: 0,
    kind: "",
    amenities: [],
    isFreeNow: false,
    at: undefined,
    minutes: 0,
  };
  const dropped = Object.fromEntries(some.map((name) => [name, none[name]]));
  return { ...filters, ...(dropped as Partial<Filters>) };
}

/** What to set in an address to be without these filters. */
export function cleared(some: readonly Filter[]): Record<string, string> {
  return Object.fromEntries(some.map((name) => [names[name], ""]));
}

/**
 * The filters to clear, of which any alone brings something back; all of them, where none does. Those
 * of time are for the page to try: they are not asked for.
 */
export async function toLoosen(filters: Filters, signal: AbortSignal): Promise<Filter[][]> {
  const ours = active(filters).filter((name) => !ofTime.has(name));
  const found = await Promise.all(
    ours.map(async (name) => {
      const query = { ...asked(without(filters, [name])), limit: 1 };
      const some = await ok(api.GET("/api/v1/facilities/", { params: { query }, signal }));
      return some.length > 0;
    }),
  );
  const single = ours.filter((_, index) => found[index]);
  return single.length > 0 ? single.map((name) => [name]) : [active(filters)];
}
