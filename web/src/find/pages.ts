/** Asks for timelines, page by page, and again only for those that changed. */
import { api, isProblem, ok, okIfChanged } from "../app/api.ts";
import { wire } from "../time/zones.ts";
import type { asked } from "./filters.ts";
import type { Stretch, Timeline } from "./line.ts";

export type Conditions = ReturnType<typeof asked>;

/** One page as it was when it was last asked for. */
export interface Page {
  /** What the page before named as the way on; undefined of the first. */
  cursor: string | undefined;
  next: string | undefined;
  etag: string | null;
  items: readonly Timeline[];
}

const PAGE = 100;

/** All pages; of those that are known and have not changed, only that is sent. */
export async function* pages(
  conditions: Conditions,
  window: Stretch,
  known: readonly Page[],
  signal: AbortSignal,
): AsyncGenerator<Page, void, undefined> {
  let cursor: string | undefined;
  for (let number = 0; number === 0 || cursor !== undefined; number += 1) {
    const before = known[number]?.cursor === cursor ? known[number] : undefined;
    const page = await pageAt(conditions, window, cursor, before, signal);
    yield page;
    cursor = page.next;
  }
}

async function pageAt(
  conditions: Conditions,
  window: Stretch,
  cursor: string | undefined,
  before: Page | undefined,
  signal: AbortSignal,
): Promise<Page> {
  const call = api.GET("/api/v1/availability/timeline", {
    params: {
      query: {
        ...times(window),
        ...conditions,
        limit: PAGE,
        ...(cursor === undefined ? {} : { cursor }),
      },
      ...(before?.etag ? { header: { "If-None-Match": before.etag } } : {}),
    },
    signal,
  });
  const items = await okIfChanged(call);
  const { response } = await call;
  if (items === undefined && before !== undefined) {
    return before;
  }
  return {
    cursor,
    next: nextCursor(response.headers.get("link")),
    etag: response.headers.get("etag"),
    items: items ?? [],
  };
}

/** One facility's timeline; undefined where it does not meet the conditions, or not any more. */
export async function timelineOf(
  facilityId: number,
  conditions: Conditions,
  window: Stretch,
  signal: AbortSignal,
): Promise<Timeline | undefined> {
  try {
    const query = { facility_id: facilityId, ...times(window), ...conditions };
    const found = await ok(api.GET("/api/v1/availability/timeline", { params: { query }, signal }));
    return found[0];
  } catch (error) {
    if (isProblem(error, "not_found")) {
      return undefined;
    }
    throw error;
  }
}

function times({ start, end }: Stretch) {
  return { start_time: wire(start), end_time: wire(end) };
}

/** The cursor of the next page, out of a `Link` header (RFC 8288). */
export function nextCursor(link: string | null): string | undefined {
  const found = /<([^>]*)>\s*;\s*rel="?next"?/.exec(link ?? "")?.[1];
  if (found === undefined) {
    return undefined;
  }
  return new URL(found, location.origin).searchParams.get("cursor") ?? undefined;
}
