import createFetchClient, { type Client } from "openapi-fetch";
import { contractVersion } from "./contract.ts";
import { ContractMismatch, errorOf, mediaType, unexpected } from "./problems.ts";
import { type Retry, retrying, type Send, standardRetry } from "./retry.ts";
import type { paths } from "./schema.ts";

export interface Options {
  /** Where the service is; a page of the service itself says `location.origin`. */
  baseUrl: string;
  /** Whose client it is. A page of the service may leave it out and use the session's cookie. */
  token?: string;
  /** How often to repeat what may be repeated; `noRetry` for not at all. */
  retry?: Partial<Retry>;
  /** How long each try may take, in milliseconds. */
  timeout?: number;
  /** What sends requests, instead of `fetch`. */
  fetch?: Send;
}

/** A client of openapi-fetch for every operation of the contract. */
export interface Holdfast extends Client<paths> {
  readonly baseUrl: string;
  /** Sends a request as the user, again where that may be. */
  readonly send: Send;
  /** Sends a request as the user, once, and for as long as it takes. */
  readonly sendOnce: Send;
}

/** What a success may be. */
const declared = new Set(["application/json", "text/csv", "text/event-stream"]);

export function createHoldfast(options: Options): Holdfast {
  const baseUrl = options.baseUrl.replace(/\/+$/, "");
  const { token, fetch: given, timeout = 30_000 } = options;
  const sendOnce: Send = (request) => {
    if (token !== undefined) {
      request.headers.set("authorization", `Bearer ${token}`);
    }
    return given === undefined ? fetch(request) : given(request);
  };
  const send = retrying(sendOnce, { ...standardRetry, ...options.retry }, timeout);
  const client = createFetchClient<paths>({
    baseUrl,
    fetch: send,
    // The contract separates the items of a list with commas.
    querySerializer: { array: { style: "form", explode: false } },
    // A body that is no JSON is text, which goes over the wire as it is.
    bodySerializer: (body: unknown) => (typeof body === "string" ? body : JSON.stringify(body)),
  });
  client.use({
    onRequest({ request, schemaPath }) {
      if (schemaPath.startsWith("/api/v1/imports/")) {
        request.headers.set("content-type", "text/csv");
      }
    },
    onResponse({ response }) {
      if (response.status === 200 && !declared.has(mediaType(response))) {
        throw unexpected(response, "where the contract has no such thing");
      }
    },
  });
  return Object.assign(client, { baseUrl, send, sendOnce });
}

interface Result {
  data?: unknown;
  error?: unknown;
  response: Response;
}

type Data<R> = R extends { data: infer D } ? D : never;

/** What a call gives, `await ok(client.GET(…))`; throws a `ProblemError` if it is refused. */
export async function ok<R extends Result>(call: Promise<R>): Promise<Data<R>> {
  const { data, error, response } = await call;
  if (!response.ok) {
    throw errorOf(response, error);
  }
  return data as Data<R>;
}

/** As `ok`; undefined if the reply is 304, to an `If-None-Match`. */
export async function okIfChanged<R extends Result>(
  call: Promise<R>,
): Promise<Data<R> | undefined> {
  const result = await call;
  return result.response.status === 304 ? undefined : await ok(Promise.resolve(result));
}

/**
 * The version of the service's contract; throws `ContractMismatch` if this client does not fit it.
 *
 * Within a major version a contract only grows, so the client's own may be older, but not newer.
 */
export async function checkContract(client: Holdfast): Promise<string> {
  const response = await client.send(new Request(`${client.baseUrl}/openapi.json`));
  const version = response.ok ? versionIn(await response.text()) : undefined;
  const theirs = numbers(version ?? "");
  const ours = numbers(contractVersion);
  if (version === undefined || theirs === undefined || ours === undefined) {
    throw unexpected(response, "where the service's contract was expected");
  }
  const [major, minor] = theirs;
  const isNewer = major > ours[0];
  if (isNewer || major < ours[0] || minor < ours[1]) {
    throw new ContractMismatch(
      `This client was built from the contract ${contractVersion}, and the service at ` +
        `${client.baseUrl}/ speaks ${version}${isNewer ? "" : ", which is older"}: ` +
        `use a holdfast-client that was built from ${major}.${minor}.`,
    );
  }
  return version;
}

function versionIn(text: string): string | undefined {
  try {
    const { info } = JSON.parse(text) as { info?: { version?: unknown } };
    return typeof info?.version === "string" ? info.version : undefined;
  } catch {
    return undefined;
  }
}

function numbers(version: string): [number, number] | undefined {
  const found = /^([0-9]+)\.([0-9]+)/.exec(version);
  return found === null ? undefined : [Number(found[1]), Number(found[2])];
}
