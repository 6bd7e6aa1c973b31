/** What the service was asked for last. The answer before stays in sight until the next is there. */
import { noticeEnd } from "../../app/session.svelte.ts";

export class Asked<T> {
  data = $state.raw<T>();
  error = $state.raw<unknown>();
  isAsking = $state(false);
  #turn = 0;
  #again: (() => Promise<T>) | undefined;

  async ask(call: () => Promise<T>): Promise<void> {
    this.#turn += 1;
    const turn = this.#turn;
    this.#again = call;
    this.isAsking = true;
    try {
      const data = await call();
      if (turn === this.#turn) {
        this.data = data;
        this.error = undefined;
      }
    } catch (error) {
      noticeEnd(error);
      if (turn === this.#turn) {
        this.data = undefined;
        this.error = error;
      }
    } finally {
      if (turn === this.#turn) {
        this.isAsking = false;
      }
    }
  }

  async askAgain(): Promise<void> {
    if (this.#again) {
      await this.ask(this.#again);
    }
  }
}
