/**
 * Where we are: the path says which page, the query what it shows, so that an address can be shared.
 */
import { SvelteURL } from "svelte/reactivity";

const current = new SvelteURL(location.href);

/** The page's path, such as `/mine`. */
export function path(): string {
  return current.pathname;
}

/** A value of the query; empty where it is not there. */
export function query(name: string): string {
  return current.searchParams.get(name) ?? "";
}

/** Goes to an address of these pages. */
export function go(address: string, { replace = false } = {}): void {
  if (replace) {
    history.replaceState(null, "", address);
  } else {
    history.pushState(null, "", address);
    scrollTo(0, 0);
  }
  current.href = location.href;
}

/** Changes the query: empty values leave it. What is typed replaces the entry of the history. */
export function setQuery(values: Record<string, string>, { replace = true } = {}): void {
  const next = new URL(current.href);
  for (const [name, value] of Object.entries(values)) {
    if (value === "") {
      next.searchParams.delete(name);
    } else {
      next.searchParams.set(name, value);
    }
  }
  if (next.href !== current.href) {
    go(next.pathname + next.search, { replace });
  }
}

let mayLeave = () => true;

/** Asks before a link or the browser's Back leads to another page, until the function it gives is called. */
export function askFirst(ask: () => boolean): () => void {
  mayLeave = ask;
  return () => {
    mayLeave = () => true;
  };
}

/** These begin what the service serves besides: links to it leave these pages. */
const elsewhere = ["/api/", "/docs", "/problems", "/openapi", "/assets/"];

/** Follows links within these pages without loading them anew. */
export function followLinks(): void {
  addEventListener("popstate", () => {
    if (location.pathname === current.pathname || mayLeave()) {
      current.href = location.href;
    } else {
      // The browser went already, and the page stays.
      history.pushState(null, "", current.href);
    }
  });
  document.addEventListener("click", (event) => {
    const link = event.target instanceof Element ? event.target.closest("a") : null;
    const isPlain = event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey;
    if (link === null || !isPlain || event.defaultPrevented) {
      return;
    }
    const isOurs = link.origin === location.origin && link.target === "" && !link.download;
    const isHere = link.pathname === location.pathname && link.search === location.search;
    if (isHere && link.hash !== "") {
      return; // a place on this page, which the browser finds by itself
    }
    if (isOurs && !elsewhere.some((start) => link.pathname.startsWith(start))) {
      event.preventDefault();
      if (link.pathname === current.pathname || mayLeave()) {
        go(link.pathname + link.search);
      }
    }
  });
}
