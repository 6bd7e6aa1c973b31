/** The texts' keys, which the type checker holds every `t(…)` to; `test/locales.test.ts` every language. */
import type analytics from "./en/analytics.json";
import type book from "./en/book.json";
import type common from "./en/common.json";
import type display from "./en/display.json";
import type find from "./en/find.json";
import type mine from "./en/mine.json";
import type problems from "./en/problems.json";
import type signIn from "./en/sign_in.json";
import type staff from "./en/staff.json";

export interface Resources {
  analytics: typeof analytics;
  book: typeof book;
  common: typeof common;
  display: typeof display;
  find: typeof find;
  mine: typeof mine;
  problems: typeof problems;
  sign_in: typeof signIn;
  staff: typeof staff;
}
