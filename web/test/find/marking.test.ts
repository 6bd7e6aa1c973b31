import { beforeEach, expect, test, vi } from "vitest";
import { type Line, lineOf } from "../../src/find/line.ts";
import { type Hands, Marking } from "../../src/find/marking.svelte.ts";
import { windowOf } from "../../src/find/window.ts";
import { at, block, line, timeline, ZONE } from "./some.ts";

const choose = vi.fn<Hands["choose"]>();
const press = vi.fn<Hands["press"]>();
let lines: Line[];
let other: Line;
let marking: Marking;

beforeEach(() => {
  other = { ...line([], { start_step_minutes: 60 }), key: "2" };
  choose.mockReset();
  press.mockReset();
  lines = [
    line([block("outside_opening_hours", "00:00", "08:00"), block("booked", "10:00", "11:00")]),
    other,
  ];
  marking = new Marking({ lines: () => lines, minutes: () => undefined, choose, press });
});

function key(name: string, shiftKey = false): boolean {
  return marking.key(new KeyboardEvent("keydown", { key: name, shiftKey }));
}

function marked(): string {
  const text = (milliseconds = 0) => new Date(milliseconds + 3_600_000).toISOString().slice(11, 16);
  return `${marking.mark?.key} ${text(marking.mark?.start)}-${text(marking.mark?.end)}`;
}

test("keys begin at the first time of the first line that can be booked", () => {
  marking.focus();
  expect(marked()).toBe("1 08:00-09:00");
});

test("keys go on where they were, after a dialog too", () => {
  marking.focus();
  key("ArrowDown");
  key("ArrowRight");
  const before = marked();
  marking.blur();
  expect(marking.mark).toBeUndefined();
  marking.focus();
  expect(before).toBe("2 09:00-10:00");
  expect(marked()).toBe(before);
});

test("keys go on where the pointer chose", () => {
  marking.click(other, at("14:00"));
  expect(choose).toHaveBeenCalledOnce();
  marking.focus();
  expect(marked()).toBe("2 14:00-15:00");
});

test("what keys have marked is judged anew when the day is another", () => {
  marking.focus();
  key("ArrowRight", true);
  const before = marked();
  marking.renew();
  expect([before, marked()]).toEqual(["1 08:00-09:15", "1 08:00-09:15"]);
  lines = [line([block("booked", "08:00", "09:00")]), other];
  marking.renew();
  expect(marking.mark?.isFree).toBe(false);
  marking.enter();
  expect(choose).not.toHaveBeenCalled();
  expect(press).toHaveBeenCalledOnce();
});

test("the hour that clocks leave out holds no key back", () => {
  const day = "2027-03-28";
  const spring = lineOf("1", timeline(), day, windowOf(day, 1, [ZONE]));
  lines = [spring];
  marking.focus();
  for (let times = 0; times < 9; times += 1) {
    key("ArrowRight");
  }
  const minutes = [spring.scale.minute(marking.mark?.start ?? 0)];
  key("ArrowLeft");
  key("ArrowLeft");
  minutes.push(spring.scale.minute(marking.mark?.start ?? 0));
  expect(minutes).toEqual([3 * 60 + 15, 60 + 45]);
});

test("arrows go by the line's step, and between lines at the same time of day", () => {
  marking.focus();
  key("ArrowRight");
  expect(marked()).toBe("1 08:15-09:15");
  key("ArrowDown");
  expect(marked()).toBe("2 08:00-09:00");
  key("ArrowRight");
  expect(marked()).toBe("2 09:00-10:00");
  key("ArrowUp");
  expect(marked()).toBe("1 09:00-10:00");
});

test("Shift and arrows change the length as far as there is room", () => {
  marking.focus();
  key("ArrowRight", true);
  expect(marked()).toBe("1 08:00-09:15");
  for (let times = 0; times < 9; times += 1) {
    key("ArrowRight", true);
  }
  expect(marked()).toBe("1 08:00-10:00");
  for (let times = 0; times < 20; times += 1) {
    key("ArrowLeft", true);
  }
  expect(marked()).toBe("1 08:00-08:15");
});

test("Enter books what is marked, and says why not where something lies", () => {
  marking.focus();
  marking.enter();
  expect(choose).toHaveBeenCalledOnce();
  key("Home");
  for (let times = 0; times < 9; times += 1) {
    key("ArrowRight");
  }
  expect(marking.mark?.isFree).toBe(false);
  marking.enter();
  expect(press).toHaveBeenCalledWith(lines[0], at("10:15"));
});

test("left of midnight is the name, where nothing is booked", () => {
  lines = [line()];
  marking.focus();
  key("Home");
  key("ArrowLeft");
  expect(marking.isAtName).toBe(true);
  expect(marking.enter()).toBe(lines[0]);
  expect(choose).not.toHaveBeenCalled();
});

function pointer(x: number, rest: PointerEventInit = {}): PointerEvent {
  // jsdom knows no pointer events.
  const event = new MouseEvent("pointermove", { clientX: x, ...rest });
  return Object.assign(event, { pointerType: "mouse" }) as PointerEvent;
}

test("a drag marks and books, and the click that ends it is none", () => {
  const [first] = lines as [Line];
  marking.down(pointer(0), first, at("08:00"));
  marking.move(pointer(90), first, () => at("09:20"));
  expect(marked()).toBe("1 08:00-09:30");
  marking.up();
  marking.click(first, at("09:20"));
  expect(choose).toHaveBeenCalledOnce();
  expect(choose.mock.calls[0]?.[1]).toMatchObject({ start: at("08:00"), end: at("09:30") });
});

test("Escape lets go of a drag", () => {
  const [first] = lines as [Line];
  marking.down(pointer(0), first, at("08:00"));
  marking.move(pointer(90), first, () => at("09:20"));
  expect(key("Escape")).toBe(true);
  marking.up();
  marking.click(first, at("09:20"));
  expect(choose).not.toHaveBeenCalled();
});

test("a press that hardly moves is a click", () => {
  const [first] = lines as [Line];
  marking.down(pointer(0), first, at("08:00"));
  marking.move(pointer(2), first, () => at("08:05"));
  marking.up();
  marking.click(first, at("08:05"));
  expect(choose.mock.calls[0]?.[1]).toEqual({ start: at("08:00"), end: at("09:00") });
});
