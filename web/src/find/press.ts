import { openBooking } from "../book/begin.svelte.ts";
import { say } from "../app/toasts.svelte.ts";
import { blockAt, type Line } from "./line.ts";
import { whyNot } from "./texts.ts";

/** What pressing does where nothing can be booked: opens the booking there, or says why. */
export function press(line: Line, at: number): void {
  const block = blockAt(line, at);
  if (block?.booking) {
    openBooking(block.booking.id);
  } else {
    say(whyNot(line, at));
  }
}
