import type { ParamsOption } from "openapi-fetch";
import type { Holdfast } from "./client.ts";
import { ok } from "./client.ts";
import { errorOf, json, mediaType, unexpected } from "./problems.ts";
import type { paths } from "./schema.ts";

type Query<Path extends keyof paths> = paths[Path] extends {
  get: { parameters: { query?: infer Q } };
}
  ? NonNullable<Q>
  : never;

/** The paths that list something, page by page. */
export type ListPath = {
  [Path in keyof paths]: [Query<Path>] extends [never]
    ? never
    : "cursor" extends keyof Query<Path>
      ? Path
      : never;
}[keyof paths];

/** What a path lists. */
export type Item<Path extends ListPath> = paths[Path] extends {
  get: { responses: { 200: { content: { "application/json": readonly (infer T)[] } } } };
}
  ? T
  : never;

type Init<Path extends ListPath> = ParamsOption<paths[Path]["get"]> & { signal?: AbortSignal };

/**
 * What a path lists, page after page; each page is asked for when it is needed. `limit` is how much
 * is asked for at a time.
 */
export async function* each<Path extends ListPath>(
  client: Holdfast,
  path: Path,
  init: Init<Path>,
): AsyncGenerator<Item<Path>, void, undefined> {
  // That the path has a GET is more than the compiler can tell of a path that it does not know yet.
  const get = client.GET as unknown as (
    path: Path,
    init: Init<Path>,
  ) => Promise<{ data: Item<Path>[]; response: Response }>;
  const first = get(path, init);
  let page = await ok(first);
  let { response } = await first;
  for (;;) {
    yield* page;
    const next = nextOf(client, response);
    if (next === undefined) {
      return;
    }
    response = await client.send(new Request(next, init.signal ? { signal: init.signal } : {}));
    page = (await listIn(response)) as Item<Path>[];
  }
}

/** The list that a reply is; throws the problem if it is one. */
async function listIn(response: Response): Promise<unknown[]> {
  const body = json(await response.text());
  if (!response.ok) {
    throw errorOf(response, body);
  }
  if (mediaType(response) !== "application/json" || !Array.isArray(body)) {
    throw unexpected(response, "where a page of a list was expected");
  }
  return body as unknown[];
}

/**
 * The address of the next page (RFC 8288), which the reply gives relative to its own. Throws
 * `UnexpectedReply` if that is at another origin, which must not see the client's token.
 */
function nextOf({ baseUrl }: Holdfast, response: Response): URL | undefined {
  const link = /<([^>]*)>\s*;\s*rel="?next"?/.exec(response.headers.get("link") ?? "");
  if (link?.[1] === undefined) {
    return undefined;
  }
  if (!URL.canParse(link[1], response.url)) {
    throw unexpected(response, "with a next page that has no address");
  }
  const next = new URL(link[1], response.url);
  if (next.origin !== new URL(baseUrl).origin) {
    throw unexpected(response, `with its next page elsewhere, at ${next.href}`);
  }
  return next;
}
