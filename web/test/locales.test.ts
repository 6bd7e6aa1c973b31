import { expect, test } from "vitest";

const files = import.meta.glob<{ default: object }>("../src/locales/*/*.json", { eager: true });

/** Keys with dots; the forms of a plural, of which languages have different ones, count as one. */
function keys(texts: object, before = ""): string[] {
  return Object.entries(texts).flatMap(([key, value]: [string, unknown]) =>
    typeof value === "object" && value !== null
      ? keys(value, `${before}${key}.`)
      : [before + key.replace(/_(zero|one|two|few|many|other)$/, "_#")],
  );
}

function texts(value: object): string[] {
  return Object.values(value).flatMap((each: unknown) =>
    typeof each === "object" && each !== null ? texts(each) : [String(each)],
  );
}

const english = Object.keys(files).filter((path) => path.includes("/en/"));

test.each(english)("%s is in German too, key for key", (path) => {
  const german = files[path.replace("/en/", "/de/")];
  expect(german).toBeDefined();
  const [ours, theirs] = [files[path]?.default ?? {}, german?.default ?? {}];
  expect(new Set(keys(theirs))).toEqual(new Set(keys(ours)));
});

test.each(Object.keys(files))("%s leaves no text empty", (path) => {
  expect(texts(files[path]?.default ?? {}).filter((text) => text.trim() === "")).toEqual([]);
});
