/** Scrolls sideways while a drag is held at an edge of what is in sight. */

/** How near to an edge it begins, in pixels. */
const EDGE = 44;
/** How far a frame goes at the very edge, in pixels. */
const FASTEST = 16;

export interface Sight {
  left: number;
  right: number;
}

/** By how many pixels a frame scrolls, left of none and right of none, for a pointer at `x`. */
export function speedAt(x: number, { left, right }: Sight): number {
  const within = Math.min(EDGE, (right - left) / 4);
  const beyond = Math.max(left + within - x, x - (right - within), 0);
  const speed = Math.ceil((Math.min(beyond, within) / within) * FASTEST);
  return x < left + within ? -speed : speed;
}

export class Drift {
  #frame = 0;
  #x = 0;
  readonly #scroller: () => HTMLElement | undefined;
  readonly #sight: () => Sight;
  readonly #moved: (x: number) => void;

  /** `moved` is told after each frame that scrolled: what lies under the pointer is other now. */
  constructor(hands: {
    scroller: () => HTMLElement | undefined;
    sight: () => Sight;
    moved: (x: number) => void;
  }) {
    this.#scroller = hands.scroller;
    this.#sight = hands.sight;
    this.#moved = hands.moved;
  }

  /** The pointer of a drag is here now. */
  at(x: number): void {
    this.#x = x;
    if (this.#frame === 0 && speedAt(x, this.#sight()) !== 0) {
      this.#frame = requestAnimationFrame(() => this.#step());
    }
  }

  stop(): void {
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
  }

  #step(): void {
    this.#frame = 0;
    const scroller = this.#scroller();
    const before = scroller?.scrollLeft;
    scroller?.scrollBy({ left: speedAt(this.#x, this.#sight()), behavior: "instant" });
    if (scroller && scroller.scrollLeft !== before) {
      this.#moved(this.#x);
      this.at(this.#x);
    }
  }
}
