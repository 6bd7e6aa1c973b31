/** Which page each path shows. A page is loaded when it is first gone to. */
import type { Component } from "svelte";

type Properties = Record<string, unknown>;

export interface Page {
  load: () => Promise<{ default: Component<Properties> }>;
  /** Another page is another component, made anew. */
  key: string;
  properties: Properties;
  /** Shown without the header, such as beside a door. */
  isBare: boolean;
}

type Load = () => Promise<{ default: Component<never> }>;

const routes: { pattern: RegExp; load: Load; isBare?: boolean }[] = [
  { pattern: /^\/$/, load: () => import("../find/Find.svelte") },
  {
    pattern: /^\/facilities\/(?<id>[1-9][0-9]{0,8})$/,
    load: () => import("../find/Facility.svelte"),
  },
  { pattern: /^\/mine$/, load: () => import("../mine/Mine.svelte") },
  { pattern: /^\/sign-in$/, load: () => import("../sign-in/SignIn.svelte"), isBare: true },
  {
    pattern: /^\/display\/(?<facilityId>[1-9][0-9]*)$/,
    load: () => import("../display/Display.svelte"),
    isBare: true,
  },
  { pattern: /^\/staff(?:\/.*)?$/, load: () => import("../staff/Staff.svelte") },
];

const nowhere: Load = () => import("../parts/NotFound.svelte");

export function pageAt(path: string): Page {
  for (const { pattern, load, isBare } of routes) {
    const found = pattern.exec(path);
    if (found) {
      return made(load, pattern.source, found.groups ?? {}, isBare ?? false);
    }
  }
  return made(nowhere, "", {}, false);
}

function made(load: Load, key: string, groups: Record<string, string>, isBare: boolean): Page {
  // Every group of a pattern is the identifier of a record.
  const properties = Object.fromEntries(
    Object.entries(groups).map(([name, text]) => [name, Number(text)]),
  );
  return { load: load as Page["load"], key: key + JSON.stringify(groups), properties, isBare };
}
