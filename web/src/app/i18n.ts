/** What the pages say, in the viewer's language. Texts lie in `locales/LANGUAGE/AREA.json`. */
import i18next from "i18next";
import { SvelteMap } from "svelte/reactivity";
import type { Resources } from "../locales/resources.ts";

export const languages = { en: "English", de: "Deutsch" } as const;

export type Language = keyof typeof languages;

declare module "i18next" {
  interface CustomTypeOptions {
    defaultNS: "common";
    resources: Resources;
  }
}

const files = import.meta.glob<{ default: Record<string, unknown> }>("../locales/*/*.json");

/** Read by whatever shows a text, so that it is shown anew in another language. */
const chosen = new SvelteMap<"language", Language>();

export function language(): Language {
  return chosen.get("language") ?? "en";
}

/** A text by its key, such as `t("find:free_now")`. */
export const t = ((key: string, options?: Record<string, unknown>) => {
  chosen.get("language");
  return (i18next.t as unknown as (key: string, options?: Record<string, unknown>) => string)(
    key,
    options,
  );
}) as unknown as typeof i18next.t;

/** The language that was chosen here before, or else the first of the browser's that we have. */
export function preferred(): Language {
  const wanted = [localStorage.getItem("language") ?? "", ...navigator.languages];
  for (const each of wanted) {
    const base = each.split("-")[0] ?? "";
    if (base in languages) {
      return base as Language;
    }
  }
  return "en";
}

/** Shows everything in this language from now on. */
export async function speak(wanted: Language, { remember = false } = {}): Promise<void> {
  const areas = Object.entries(files).filter(([path]) => path.includes(`/${wanted}/`));
  const texts: Record<string, Record<string, unknown>> = {};
  await Promise.all(
    areas.map(async ([path, load]) => {
      const area = /([^/]+)\.json$/.exec(path)?.[1] ?? "";
      texts[area] = (await load()).default;
    }),
  );
  if (i18next.isInitialized) {
    for (const [area, messages] of Object.entries(texts)) {
      i18next.addResourceBundle(wanted, area, messages);
    }
    await i18next.changeLanguage(wanted);
  } else {
    await i18next.init({
      lng: wanted,
      fallbackLng: false,
      defaultNS: "common",
      resources: { [wanted]: texts },
      interpolation: { escapeValue: false }, // Svelte does
    });
  }
  document.documentElement.lang = wanted;
  if (remember) {
    localStorage.setItem("language", wanted);
  }
  chosen.set("language", wanted);
}
