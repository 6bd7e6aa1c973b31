/** A list of the service's as far as it is shown. What was shown stays until what takes its place is there. */
import { onChange } from "../app/live.svelte.ts";
import { noticeEnd } from "../app/session.svelte.ts";

export type Source<T> = (signal: AbortSignal) => AsyncGenerator<T, void, undefined>;

const TOGETHER_MILLISECONDS = 250;

export class Listing<T> {
  items = $state.raw<T[]>([]);
  error = $state.raw<unknown>();
  isAsking = $state(false);
  /** Whether a first answer is there. */
  isKnown = $state(false);
  hasMore = $state(false);
  readonly size: number;
  #source: Source<T> | undefined;
  #rest: AsyncGenerator<T, void, undefined> | undefined;
  #next: T | undefined;
  #asking = new AbortController();

  /** Shows so many items at a time. */
  constructor(size = 50) {
    this.size = size;
  }

  /** Shows the first of what a source gives, instead of what was shown. */
  async show(source: Source<T>, count = this.size): Promise<void> {
    this.#asking.abort();
    const asking = new AbortController();
    this.#asking = asking;
    this.#source = source;
    this.#rest = source(asking.signal);
    this.#next = undefined;
    await this.#take([], count, asking.signal);
  }

  async more(): Promise<void> {
    await this.#take(this.items, this.size, this.#asking.signal);
  }

  /** Asks anew for as much as is shown. */
  async again(): Promise<void> {
    if (this.#source) {
      await this.show(this.#source, Math.max(this.size, this.items.length));
    }
  }

  /** Asks anew when something changes that may be in the list; ends with the function it gives. */
  follow(): () => void {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const stop = onChange(() => {
      // Not begun anew by each change: where they do not cease, the list has to be asked for too.
      timer ??= setTimeout(() => {
        timer = undefined;
        void this.again();
      }, TOGETHER_MILLISECONDS);
    });
    return () => {
      clearTimeout(timer);
      stop();
      this.stop();
    };
  }

  /** Asks for nothing more. */
  stop(): void {
    this.#asking.abort();
  }

  async #take(before: T[], count: number, signal: AbortSignal): Promise<void> {
    this.isAsking = true;
    try {
      const items = [...before];
      const wanted = before.length + count;
      if (this.#next !== undefined) {
        items.push(this.#next);
        this.#next = undefined;
      }
      // One further than is shown, to know whether there is more.
      let step = await this.#rest?.next();
      while (step && !step.done && items.length < wanted) {
        items.push(step.value);
        step = await this.#rest?.next();
      }
      if (!signal.aborted) {
        this.#next = step?.done === false ? step.value : undefined;
        this.hasMore = this.#next !== undefined;
        this.items = items;
        this.error = undefined;
        this.isKnown = true;
      }
    } catch (error) {
      noticeEnd(error);
      if (!signal.aborted) {
        this.error = error;
      }
    } finally {
      if (!signal.aborted) {
        this.isAsking = false;
      }
    }
  }
}
