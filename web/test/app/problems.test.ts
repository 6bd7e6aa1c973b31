import { beforeAll, expect, test } from "vitest";
import { speak } from "../../src/app/i18n.ts";
import { local } from "../../src/app/problems.ts";
import { clock, date } from "../../src/time/format.ts";
import { here } from "../../src/time/zones.ts";

beforeAll(() => speak("en"));

test("what the service says in UTC is told by the viewer's clock, and said to be", () => {
  const at = Date.UTC(2026, 10, 23, 18, 30);
  const told = `${date(at, here)}, ${clock(at, here)} your time`;
  expect(local("It may start at 2026-11-23T18:30:00Z at the earliest.")).toBe(
    `It may start at ${told} at the earliest.`,
  );
  expect(local("From 2026-11-23T18:30Z on.")).toBe(`From ${told} on.`);
});

test("what is no instant stays as it is", () => {
  for (const text of ["Ask 2026-11-23 again.", "2026-13-45T99:99:99Z"]) {
    expect(local(text)).toBe(text);
  }
});
