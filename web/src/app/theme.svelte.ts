/** Light, dark or high contrast: as the system has it, unless the viewer chose. */
export const themes = ["system", "light", "dark", "contrast"] as const;

export type Theme = (typeof themes)[number];

const state = $state<{ theme: Theme }>({ theme: "system" });

export function theme(): Theme {
  return state.theme;
}

export function wear(wanted: Theme, { remember = true } = {}): void {
  state.theme = wanted;
  if (wanted === "system") {
    delete document.documentElement.dataset["theme"];
  } else {
    document.documentElement.dataset["theme"] = wanted;
  }
  if (remember) {
    localStorage.setItem("theme", wanted);
  }
}

/** Puts on what was chosen here before. */
export function dress(): void {
  const chosen = themes.find((each) => each === localStorage.getItem("theme"));
  wear(chosen ?? "system", { remember: false });
}
