export { createHoldfast, checkContract, ok, okIfChanged } from "./client.ts";
export type { Holdfast, Options } from "./client.ts";
export { contractVersion } from "./contract.ts";
export { each } from "./paging.ts";
export type { Item, ListPath } from "./paging.ts";
export {
  ContractMismatch,
  HoldfastError,
  isProblem,
  ProblemError,
  UnexpectedReply,
} from "./problems.ts";
export type { ProblemOf, ProblemType, Schemas } from "./problems.ts";
export { noRetry, standardRetry } from "./retry.ts";
export type { Retry } from "./retry.ts";
export type { components, operations, paths } from "./schema.ts";
export { changes } from "./stream.ts";
export type { Begun, Changed, Resynced, StreamEvent, StreamOptions } from "./stream.ts";
