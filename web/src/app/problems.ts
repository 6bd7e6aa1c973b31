/** What to tell people when something was refused or did not work. */
import { isProblem, type Schemas } from "./api.ts";
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
    const key = `problems:${type}`;
    const known = t(key as "problems:not_found");
    const isKnown = known !== type && known !== key;
    const errors = "errors" in problem ? (problem.errors ?? []) : [];
    return {
      title: isKnown ? known : problem.title,
      detail: problem.detail,
      fields: new Map(errors.map(({ pointer, detail }) => [pointer, detail])),
      type,
    };
  }
  const isNetwork = error instanceof TypeError || error instanceof DOMException;
  return {
    title: t(isNetwork ? "problems:offline" : "problems:unexpected"),
    detail: isNetwork || !(error instanceof Error) ? "" : error.message,
    fields: new Map(),
    type: isNetwork ? "offline" : "unexpected",
  };
}

/** All of it in one line; the service's own words are English. */
export function sentence(error: unknown): string {
  const { title, detail } = told(error);
  if (detail === "") {
    return title;
  }
  return language() === "en" ? detail : `${title} ${detail}`;
}
