/** How people are named. */
import type { Schemas } from "../app/api.ts";

export function personName({ display_name, username }: Schemas["UserBasic"]): string {
  return display_name ?? username;
}
