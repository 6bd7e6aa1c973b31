/**
 * What stands between two empty lines of a stream of server-sent events; an event if it has data.
 *
 * A block without is no event to the standard, but this service's heartbeats are such, and their
 * `lastId` is where a stream goes on.
 */
export interface Block {
  event: string;
  data: string | undefined;
  lastId: string;
}

/** Server-sent events as they come over the wire (HTML Living Standard, 9.2.6), piece by piece. */
export class EventReader {
  lastId: string;
  /** What the stream last asked to wait before coming back, in milliseconds. */
  retry: number | undefined;
  #decoder = new TextDecoder();
  #text = "";
  #event = "";
  #data: string[] = [];
  #isBegun = false;

  constructor(lastId = "") {
    this.lastId = lastId;
  }

  /** The blocks that the chunk ends. */
  *feed(chunk: Uint8Array): Generator<Block, void, undefined> {
    this.#text += this.#decoder.decode(chunk, { stream: true });
    // A carriage return at the very end may be half of the end of a line: it waits for the rest.
    for (let end; (end = /\r\n|\n|\r(?!$)/.exec(this.#text)) !== null;) {
      const line = this.#text.slice(0, end.index);
      this.#text = this.#text.slice(end.index + end[0].length);
      if (line !== "") {
        this.#take(line);
      } else if (this.#isBegun) {
        yield this.#block();
      }
    }
  }

  #take(line: string): void {
    this.#isBegun = true;
    const colon = line.indexOf(":");
    const name = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (name === "event") {
      this.#event = value;
    } else if (name === "data") {
      this.#data.push(value);
    } else if (name === "id" && !value.includes("\0")) {
      this.lastId = value;
    } else if (name === "retry" && /^[0-9]+$/.test(value)) {
      this.retry = Number(value);
    }
  }

  #block(): Block {
    const data = this.#data.length > 0 ? this.#data.join("\n") : undefined;
    const block = { event: this.#event || "message", data, lastId: this.lastId };
    this.#event = "";
    this.#data = [];
    this.#isBegun = false;
    return block;
  }
}
