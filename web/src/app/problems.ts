/** What to tell people when something was refused or did not work. */
import { isProblem, type Schemas, Unreachable } from "./api.ts";
import { clock, date } from "../time/format.ts";
import { here } from "../time/zones.ts";
import { language, t } from "./i18n.ts";

export interface Told {
  /** What happened, in the viewer's language. */
  title: string;
  /** What exactly, and what would be possible, in the service's words; empty where it said nothing. */
  detail: string;
  /** What is wrong with which member of what was sent, by JSON Pointer. */
  fields: Map<string, string>;
  type: Schemas["ProblemType"] | "booking_conflict" | "offline" | "unexpected" | (string & {});
}

/** Something caught, as people should read it. */
export function told(error: unknown): Told {
  if (isProblem(error)) {
    const { type, problem } = error;
    const errors = "errors" in problem ? (problem.errors ?? []) : [];
    return {
      title: titleOf(type) ?? problem.title,
      detail: local(problem.detail),
      fields: new Map(errors.map(({ pointer, detail }) => [pointer, ofField(type, local(detail))])),
      type,
    };
  }
  const isNetwork = error instanceof Unreachable || error instanceof DOMException;
  return {
    title: t(isNetwork ? "problems:offline" : "problems:unexpected"),
    detail: isNetwork || !(error instanceof Error) ? "" : error.message,
    fields: new Map(),
    type: isNetwork ? "offline" : "unexpected",
  };
}

/** The service writes instants in UTC; the same with the viewer's times in their place. */
export function local(detail: string): string {
  return detail.replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d)?Z/g, (text) => {
    const at = Date.parse(text);
    return Number.isNaN(at)
      ? text
      : t("common:your_time", { time: `${date(at, here)}, ${clock(at, here)}` });
  });
}

/** What is wrong with a field; the service's own words are English. */
function ofField(type: string, detail: string): string {
  if (language() === "en") {
    return detail;
  }
  return type === "invalid_request" ? t("problems:malformed") : (titleOf(type) ?? detail);
}

/** All of it in one line; the service's own words are English. */
export function sentence(error: unknown): string {
  const { title, detail } = told(error);
  if (detail === "") {
    return title;
  }
  return language() === "en" ? detail : `${title} ${detail}`;
}

/** Why somebody cannot book at any time, in their language as far as that is known. */
export function reasonOf({ type, detail }: Schemas["RefusalBasic"]): string {
  return language() === "en" ? detail : (titleOf(type) ?? detail);
}

/** What a type of problem is called in the viewer's language; undefined where it has no name there. */
export function titleOf(type: string): string | undefined {
  const key = `problems:${type}`;
  const known = t(key as "problems:not_found");
  return known === key || known === type ? undefined : known;
}
