/** Which lines are in sight: only those are in the document. */
import {
  defaultRangeExtractor,
  elementScroll,
  observeElementOffset,
  observeElementRect,
  Virtualizer,
  type VirtualItem,
} from "@tanstack/virtual-core";

interface Options {
  scroller: () => HTMLElement | undefined;
  count: () => number;
  /** How high each line is, in pixels. */
  height: () => number;
  /** How high what stays on top is. */
  top: number;
  /** A line that stays in the document wherever one scrolls to; -1 for none. */
  kept: () => number;
}

/** How many lines are ready above and below those in sight. */
const OVERSCAN = 6;

export class Virtual {
  items = $state.raw<readonly VirtualItem[]>([]);
  height = $state(0);
  /** As `items`, for what must not follow them. */
  #taken: readonly VirtualItem[] = [];
  #virtualizer: Virtualizer<HTMLElement, HTMLElement> | undefined;

  constructor(options: Options) {
    $effect(() => {
      const scroller = options.scroller();
      if (scroller === undefined) {
        return;
      }
      const height = options.height();
      const virtualizer = new Virtualizer<HTMLElement, HTMLElement>({
        count: 0,
        getScrollElement: () => scroller,
        estimateSize: () => height,
        paddingStart: options.top,
        scrollPaddingStart: options.top,
        overscan: OVERSCAN,
        scrollToFn: elementScroll,
        observeElementRect,
        observeElementOffset,
        onChange: () => {
          this.#take();
        },
      });
      this.#virtualizer = virtualizer;
      const unmount = virtualizer._didMount();
      $effect(() => {
        const kept = options.kept();
        virtualizer.setOptions({
          ...virtualizer.options,
          count: options.count(),
          rangeExtractor: (range) => {
            const indices = defaultRangeExtractor(range);
            return kept < 0 || indices.includes(kept) ? indices : [...indices, kept];
          },
        });
        virtualizer._willUpdate();
        this.#take();
      });
      return unmount;
    });
  }

  /** Scrolls a line into sight, if it is not. */
  show(index: number): void {
    this.#virtualizer?.scrollToIndex(index, { align: "auto" });
  }

  #take(): void {
    const items = this.#virtualizer?.getVirtualItems() ?? [];
    this.height = this.#virtualizer?.getTotalSize() ?? 0;
    // Scrolling within the lines that are there already changes nothing.
    if (items !== this.#taken) {
      this.#taken = items;
      this.items = items;
    }
  }
}
