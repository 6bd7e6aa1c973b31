/** The time that is marked in a timeline, by mouse, finger or key. */
import { DAY_MINUTES, MINUTE, QUARTER_MINUTES } from "../time/zones.ts";
import { choiceAt, choiceBetween, choiceFrom, ends, stepOf, usualLength } from "./choice.ts";
import { blockAt, freeAt, type Line, type Stretch } from "./line.ts";

export interface Mark extends Stretch {
  /** The line's. */
  key: string;
  /** Whether it can be booked as it is marked. */
  isFree: boolean;
  by: "pointer" | "drag" | "keys";
}

/** How far a press moves before it is a drag, in pixels. */
const SLACK = 5;
/** How long a finger rests before it marks, in milliseconds. */
const LONG_PRESS = 400;
const PAGE_LINES = 8;

interface Press {
  line: Line;
  /** The moment that was pressed. */
  at: number;
  x: number;
  y: number;
  /** Whether it marks, rather than clicks or scrolls. */
  isDrag: boolean;
}

export interface Hands {
  lines: () => readonly Line[];
  /** The usual length, in minutes; the facility's where that is undefined. */
  minutes: () => number | undefined;
  choose: (line: Line, stretch: Stretch) => void;
  /** Pressed where nothing can be booked. */
  press: (line: Line, at: number) => void;
}

export class Marking {
  mark = $state.raw<Mark>();
  /** Whether keys have the name of the marked line, rather than a time in it. */
  isAtName = $state(false);
  #press: Press | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Where keys were when they left. */
  #left: { key: string; start: number } | undefined;
  /** A drag ends with a click that is none. */
  #isClickOver = false;
  readonly #hands: Hands;

  constructor(hands: Hands) {
    this.#hands = hands;
  }

  get isDragging(): boolean {
    return this.#press?.isDrag ?? false;
  }

  /** What the finger or the mouse does over a line, at a moment of it. */
  down(event: PointerEvent, line: Line, at: number): void {
    this.#isClickOver = false;
    if (event.button !== 0 || freeAt(line, at) === undefined) {
      return;
    }
    this.#press = { line, at, x: event.clientX, y: event.clientY, isDrag: false };
    if (event.pointerType === "touch") {
      this.#timer = setTimeout(() => {
        if (this.#press) {
          this.#press.isDrag = true;
          this.#show(line, choiceAt(line, at, this.#hands.minutes()), "drag");
        }
      }, LONG_PRESS);
    }
  }

  move(event: PointerEvent, line: Line | undefined, at: (line: Line) => number): void {
    const press = this.#press;
    if (press === undefined) {
      if (event.pointerType === "mouse" && event.buttons === 0) {
        this.#hover(line, at);
      }
      return;
    }
    const moved = Math.max(Math.abs(event.clientX - press.x), Math.abs(event.clientY - press.y));
    if (!press.isDrag && moved > SLACK) {
      if (event.pointerType === "touch") {
        this.stop();
        return;
      }
      press.isDrag = true;
    }
    if (moved > SLACK) {
      this.moved(at);
    }
  }

  /** What is under a drag moved, rather than the pointer. */
  moved(at: (line: Line) => number): void {
    const press = this.#press;
    if (press?.isDrag) {
      this.#show(press.line, choiceBetween(press.line, press.at, at(press.line)), "drag");
    }
  }

  up(): void {
    clearTimeout(this.#timer);
    const press = this.#press;
    const mark = this.mark;
    this.#press = undefined;
    if (press?.isDrag) {
      this.#isClickOver = true;
      this.mark = undefined;
      if (mark) {
        this.#choose(press.line, mark);
      }
    }
  }

  click(line: Line, at: number): void {
    if (this.#isClickOver) {
      this.#isClickOver = false;
      return;
    }
    const choice = choiceAt(line, at, this.#hands.minutes());
    if (choice && !line.timeline.refusal) {
      this.#choose(line, choice);
    } else {
      this.#hands.press(line, at);
    }
  }

  /** Keys go on from there, should the next thing be a key. */
  #choose(line: Line, stretch: Stretch): void {
    this.#left = { key: line.key, start: stretch.start };
    this.#hands.choose(line, stretch);
  }

  leave(): void {
    if (this.mark?.by === "pointer") {
      this.mark = undefined;
    }
  }

  /** Lets go of what is being marked. */
  stop(): boolean {
    clearTimeout(this.#timer);
    const was = this.#press !== undefined && this.#press.isDrag;
    this.#press = undefined;
    this.#isClickOver = was;
    if (this.mark && this.mark.by !== "keys") {
      this.mark = undefined;
    }
    return was;
  }

  /** Marks where keys begin: in the first line, or where they were. */
  focus(): void {
    const lines = this.#hands.lines();
    const was = this.mark ?? this.#left;
    const line = lines.find(({ key }) => key === was?.key);
    const begin = line ?? lines[0];
    if (begin && this.mark?.by !== "keys") {
      const first = ends(begin)?.first ?? 9 * 60;
      this.#put(begin, line && was ? line.scale.minute(was.start) : first);
    }
  }

  /** Judges what keys have marked anew: what was free there may be booked by now. */
  renew(): void {
    const { mark } = this;
    const line = this.#markedLine();
    if (mark?.by !== "keys" || line === undefined) {
      return;
    }
    const minutes = mark.isFree ? (mark.end - mark.start) / MINUTE : this.#hands.minutes();
    const choice = line.timeline.refusal ? undefined : choiceFrom(line, mark.start, minutes);
    if (mark.isFree !== (choice !== undefined) || (choice && choice.end !== mark.end)) {
      const wasAtName = this.isAtName;
      this.#put(line, line.scale.minute(mark.start));
      this.isAtName = wasAtName;
    }
  }

  blur(): void {
    if (this.mark?.by === "keys") {
      this.#left = { key: this.mark.key, start: this.mark.start };
    }
    this.mark = undefined;
    this.isAtName = false;
  }

  /** Whether the key did something; then the line that is marked has to be in sight. */
  key(event: KeyboardEvent): boolean {
    if (event.key === "Escape") {
      return this.stop();
    }
    if (event.altKey || event.metaKey || event.ctrlKey) {
      return false;
    }
    const line = this.#markedLine();
    const mark = this.mark;
    if (line === undefined || mark === undefined) {
      return false;
    }
    const minute = line.scale.minute(mark.start);
    const step = stepOf(line);
    switch (event.key) {
      case "ArrowRight":
        return event.shiftKey ? this.#lengthen(line, mark, 1) : this.#go(line, minute, step);
      case "ArrowLeft":
        return event.shiftKey ? this.#lengthen(line, mark, -1) : this.#go(line, minute, -step);
      case "ArrowDown":
        return this.#turn(mark, 1);
      case "ArrowUp":
        return this.#turn(mark, -1);
      case "PageDown":
        return this.#turn(mark, PAGE_LINES);
      case "PageUp":
        return this.#turn(mark, -PAGE_LINES);
      case "Home":
        return this.#put(line, ends(line)?.first ?? 0);
      case "End":
        return this.#put(line, ends(line)?.last ?? DAY_MINUTES - step);
      default:
        return false;
    }
  }

  /** Books what is marked, or does what pressing there does. */
  enter(): Line | undefined {
    const line = this.#markedLine();
    if (line && this.mark && !this.isAtName) {
      if (this.mark.isFree) {
        this.#hands.choose(line, this.mark);
      } else {
        this.#hands.press(line, this.mark.start);
      }
    }
    return line;
  }

  #markedLine(): Line | undefined {
    return this.#hands.lines().find(({ key }) => key === this.mark?.key);
  }

  #go(line: Line, minute: number, by: number): boolean {
    const step = stepOf(line);
    if (this.isAtName) {
      return by > 0 ? this.#put(line, minute) : true;
    }
    if (minute + by < 0) {
      this.isAtName = true;
      return true;
    }
    let next =
      by > 0 ? Math.floor(minute / step) * step + step : Math.ceil(minute / step) * step - step;
    // Where clocks leave an hour out, what they do not show is after it.
    while (by < 0 && next > 0 && line.scale.instant(next) >= line.scale.instant(minute)) {
      next -= step;
    }
    return this.#put(line, Math.min(next, DAY_MINUTES - step));
  }

  /** To another line, at the same time of its day. */
  #turn(mark: Mark, by: number): boolean {
    const lines = this.#hands.lines();
    const index = lines.findIndex(({ key }) => key === mark.key);
    const from = lines[index];
    const to = lines[Math.min(Math.max(index + by, 0), lines.length - 1)];
    if (from && to) {
      const minute = from.scale.minute(mark.start);
      const wasAtName = this.isAtName;
      this.#put(to, Math.floor(minute / stepOf(to)) * stepOf(to));
      this.isAtName = wasAtName;
    }
    return true;
  }

  #put(line: Line, minute: number): boolean {
    this.isAtName = false;
    const start = line.scale.instant(minute);
    const choice = line.timeline.refusal
      ? undefined
      : choiceFrom(line, start, this.#hands.minutes());
    const shown = choice ?? { start, end: line.scale.instant(minute + stepOf(line)) };
    this.mark = { ...shown, key: line.key, isFree: choice !== undefined, by: "keys" };
    return true;
  }

  #lengthen(line: Line, mark: Mark, quarters: number): boolean {
    if (mark.isFree) {
      const wanted = (mark.end - mark.start) / MINUTE + quarters * QUARTER_MINUTES;
      const choice = choiceFrom(line, mark.start, Math.max(usualLength(line, 0), wanted));
      this.mark = { ...mark, ...choice };
    }
    return true;
  }

  #hover(line: Line | undefined, at: (line: Line) => number): void {
    if (this.mark?.by === "keys") {
      return;
    }
    const moment = line ? at(line) : 0;
    const isFree = line && !line.timeline.refusal && blockAt(line, moment) === undefined;
    this.#show(line, isFree ? choiceAt(line, moment, this.#hands.minutes()) : undefined, "pointer");
  }

  #show(line: Line | undefined, choice: Stretch | undefined, by: Mark["by"]): void {
    const { mark } = this;
    if (line === undefined || choice === undefined) {
      this.mark = undefined;
    } else if (mark?.key !== line.key || mark.start !== choice.start || mark.end !== choice.end) {
      this.mark = { ...choice, key: line.key, isFree: true, by };
    }
  }
}
