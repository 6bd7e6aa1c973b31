/** Asks before a page is left on which something is typed that is not saved. */
import { t } from "../app/i18n.ts";

/** Call it where a component begins. */
export function askBeforeLeaving(isChanged: () => boolean): void {
  const isAsking = $derived(isChanged());
  $effect(() => (isAsking ? guard() : undefined));
}

/** Asks until the function that it gives is called, or until somebody says to leave. */
function guard(): () => void {
  const asking = new AbortController();
  const { signal } = asking;
  const { href, pathname, search } = location;

  function stays(): boolean {
    const isLeaving = confirm(t("staff:leave"));
    if (isLeaving) {
      asking.abort();
    }
    return !isLeaving;
  }

  addEventListener("beforeunload", (event) => event.preventDefault(), { signal });
  document.addEventListener(
    "click",
    (event) => {
      const link = event.target instanceof Element ? event.target.closest("a") : null;
      const isElsewhere = event.ctrlKey || event.metaKey || event.shiftKey || !!link?.target;
      const isHere = link?.pathname === pathname && link.search === search;
      if (link && !isElsewhere && !isHere && !link.hasAttribute("download") && stays()) {
        event.preventDefault();
        event.stopPropagation();
      }
    },
    { signal, capture: true },
  );
  addEventListener(
    "popstate",
    (event) => {
      if ((location.pathname !== pathname || location.search !== search) && stays()) {
        // The browser went already, and the page did not follow.
        event.stopImmediatePropagation();
        history.pushState(null, "", href);
      }
    },
    { signal, capture: true },
  );
  return () => asking.abort();
}
