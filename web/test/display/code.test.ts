import { expect, test } from "vitest";
import { codeOf } from "../../src/display/code.ts";

test("a code leaves four squares around it free", () => {
  const { size, path } = codeOf("http://127.0.0.1:8080/facilities/7");
  const squares = [...path.matchAll(/M(\d+) (\d+)h/g)].flatMap(([, x, y]) => [
    Number(x),
    Number(y),
  ]);
  expect(Math.min(...squares)).toBe(4);
  expect(Math.max(...squares)).toBe(size - 5);
});
