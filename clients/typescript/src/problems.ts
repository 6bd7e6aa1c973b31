import { contractVersion } from "./contract.ts";
import type { components } from "./schema.ts";

/** The contract's schemas by name, such as `Schemas["BookingDetail"]`. */
export type Schemas = components["schemas"];

/** What each type of problem that says more than every problem says. */
interface Special {
  booking_conflict: Schemas["ConflictResponse"];
  closure_affects_bookings: Schemas["ClosureConflict"];
  import_refused: Schemas["ImportRefusedResponse"];
}

/** The types of problems that this client knows. The contract says that new ones may come. */
export type ProblemType = Schemas["ProblemType"] | keyof Special;

/** What a problem of a type says. */
export type ProblemOf<T extends ProblemType> = T extends keyof Special
  ? Special[T]
  : Omit<Schemas["ErrorResponse"], "type"> & { type: T };

/** What this package throws; errors of the connection are those of `fetch`. */
export class HoldfastError extends Error {
  override name = "HoldfastError";
}

/** The service's contract is not one that this client was built for. */
export class ContractMismatch extends HoldfastError {
  override name = "ContractMismatch";
}

/** A reply that the contract does not have, of another service or by another contract. */
export class UnexpectedReply extends HoldfastError {
  override name = "UnexpectedReply";
}

/** A reply of the service that is an error (RFC 9457). Switch on `type`, show `detail`. */
export class ProblemError<T extends ProblemType = ProblemType> extends HoldfastError {
  override name = "ProblemError";
  readonly type: T;
  readonly problem: ProblemOf<T>;
  /** How long to wait before asking again, in seconds, where the service says so. */
  readonly retryAfter: number | undefined;

  constructor(problem: ProblemOf<T>, retryAfter?: number) {
    super(`${problem.detail} (${problem.status} ${problem.type}, request ${problem.request_id})`);
    this.type = problem.type as T;
    this.problem = problem;
    this.retryAfter = retryAfter;
  }

  get status(): number {
    return this.problem.status;
  }

  get detail(): string {
    return this.problem.detail;
  }
}

/** Whether something caught is a problem, of the type if one is given; then it says what that type says. */
export function isProblem<T extends ProblemType = ProblemType>(
  caught: unknown,
  type?: T,
): caught is ProblemError<T> {
  return caught instanceof ProblemError && (type === undefined || caught.type === type);
}

/** The error to throw for a reply and its body, parsed: a problem, or something unexpected. */
export function errorOf(response: Response, body: unknown): HoldfastError {
  if (mediaType(response) === "application/problem+json" && isProblemBody(body)) {
    return new ProblemError(body, retryAfter(response));
  }
  return unexpected(response, "where a success or a problem was expected");
}

/** One sentence on a reply that is none of the contract's. */
export function unexpected(response: Response, why: string): UnexpectedReply {
  return new UnexpectedReply(
    `${response.url} answered ${response.status} ${mediaType(response) || "without a media type"}, ` +
      `${why}: is this a Holdfast that speaks the contract ${contractVersion}, ` +
      `from which this client was built?`,
  );
}

/** What the text says; undefined if it is no JSON. */
export function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** What a reply's body is, in lower case and without parameters; empty if it does not say. */
export function mediaType(response: Response): string {
  const text = response.headers.get("content-type") ?? "";
  return (text.split(";")[0] ?? "").trim().toLowerCase();
}

/** How long the reply asks to wait, in seconds; undefined if it does not say so in seconds. */
export function retryAfter(response: Response): number | undefined {
  const text = response.headers.get("retry-after") ?? "";
  return /^[0-9]+$/.test(text) ? Number(text) : undefined;
}

function isProblemBody(body: unknown): body is ProblemOf<ProblemType> {
  return (
    typeof body === "object" &&
    body !== null &&
    "type" in body &&
    typeof body.type === "string" &&
    "status" in body &&
    "detail" in body
  );
}
