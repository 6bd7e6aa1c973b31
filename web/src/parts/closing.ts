/** What is unfolded over a page: closed by a press elsewhere, and by Escape, which goes back to it. */
export function closesElsewhere(details: HTMLDetailsElement): () => void {
  const leave = new AbortController();
  const { signal } = leave;
  addEventListener(
    "pointerdown",
    (event) => {
      if (event.target instanceof Node && !details.contains(event.target)) {
        details.open = false;
      }
    },
    { signal },
  );
  addEventListener(
    "keydown",
    (event) => {
      if (event.key === "Escape" && details.open) {
        details.open = false;
        details.querySelector("summary")?.focus();
      }
    },
    { signal },
  );
  return () => leave.abort();
}
