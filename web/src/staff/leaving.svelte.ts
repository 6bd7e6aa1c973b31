/** Asks before a page is left on which something is typed that is not saved. */
import { t } from "../app/i18n.ts";
import { askFirst } from "../app/router.svelte.ts";

/** Call it where a component begins. */
export function askBeforeLeaving(isChanged: () => boolean): void {
  const isAsking = $derived(isChanged());
  $effect(() => (isAsking ? guard() : undefined));
}

function guard(): () => void {
  const stop = askFirst(() => confirm(t("staff:leave")));
  const keep = (event: BeforeUnloadEvent) => event.preventDefault();
  addEventListener("beforeunload", keep);
  return () => {
    stop();
    removeEventListener("beforeunload", keep);
  };
}
