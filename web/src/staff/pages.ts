/** The staff's pages: which path shows which, and which of them the navigation names. */
import type { Component } from "svelte";
import type { IconName } from "../parts/Icon.svelte";

type Load = () => Promise<{ default: Component<{ id: number }> }>;

interface Route {
  pattern: RegExp;
  load: () => Promise<{ default: Component<never> }>;
}

const routes: Route[] = [
  { pattern: /^\/staff$/, load: () => import("./approvals/Approvals.svelte") },
  { pattern: /^\/staff\/bookings$/, load: () => import("./bookings/Bookings.svelte") },
  { pattern: /^\/staff\/facilities$/, load: () => import("./facilities/Facilities.svelte") },
  {
    pattern: /^\/staff\/facilities\/(?:new|(?<id>[1-9]\d{0,9}))$/,
    load: () => import("./facilities/FacilityPage.svelte"),
  },
  { pattern: /^\/staff\/sites$/, load: () => import("./sites/Sites.svelte") },
  {
    pattern: /^\/staff\/sites\/(?<id>[1-9]\d{0,9})$/,
    load: () => import("./sites/SitePage.svelte"),
  },
  { pattern: /^\/staff\/closures$/, load: () => import("./closures/Closures.svelte") },
  { pattern: /^\/staff\/users$/, load: () => import("./users/Users.svelte") },
  {
    pattern: /^\/staff\/users\/(?<id>[1-9]\d{0,9})$/,
    load: () => import("./users/UserPage.svelte"),
  },
  { pattern: /^\/staff\/groups$/, load: () => import("./groups/Groups.svelte") },
  { pattern: /^\/staff\/history$/, load: () => import("./history/History.svelte") },
  { pattern: /^\/staff\/analytics$/, load: () => import("./analytics/Analytics.svelte") },
];

/** What the navigation names, in its order. */
export const places = [
  { name: "approvals", href: "/staff", icon: "check", isOfHouse: false },
  { name: "bookings", href: "/staff/bookings", icon: "list", isOfHouse: false },
  { name: "facilities", href: "/staff/facilities", icon: "door", isOfHouse: false },
  { name: "sites", href: "/staff/sites", icon: "place", isOfHouse: false },
  { name: "closures", href: "/staff/closures", icon: "lock", isOfHouse: false },
  { name: "users", href: "/staff/users", icon: "person", isOfHouse: false },
  { name: "groups", href: "/staff/groups", icon: "people", isOfHouse: false },
  { name: "history", href: "/staff/history", icon: "history", isOfHouse: true },
  { name: "analytics", href: "/staff/analytics", icon: "chart", isOfHouse: false },
] as const satisfies { name: string; href: string; icon: IconName; isOfHouse: boolean }[];

export type Place = (typeof places)[number];

export interface StaffPage {
  load: Load;
  /** Another page is another component, made anew. */
  key: string;
  /** The record that the path names. */
  id: number;
}

/** The page at a path; undefined where there is none. */
export function staffPageAt(path: string): StaffPage | undefined {
  for (const { pattern, load } of routes) {
    const found = pattern.exec(path);
    if (found) {
      const id = Number(found.groups?.["id"] ?? 0);
      return { load: load as unknown as Load, key: `${pattern.source} ${id}`, id };
    }
  }
  return undefined;
}

/** The place whose page, or a page below which, the path is. */
export function placeOf(path: string): Place | undefined {
  return places.find(({ href }) =>
    href === "/staff" ? path === href : path === href || path.startsWith(`${href}/`),
  );
}
