/** Short messages at the page's edge, which are also read out. */
export interface Action {
  label: string;
  run: () => void;
}

export interface Toast {
  id: number;
  text: string;
  tone: "good" | "bad" | "plain";
  /** Something to do about it, such as to undo. */
  action?: Action;
  /** Something else to do; the message stays meanwhile. */
  also?: Action;
}

const state = $state<{ toasts: Toast[] }>({ toasts: [] });
let last = 0;

export function toasts(): Toast[] {
  return state.toasts;
}

/** Says something for a while; longer where there is something to do about it. */
export function say(text: string, options: Partial<Omit<Toast, "id" | "text">> = {}): number {
  const id = ++last;
  state.toasts.push({ id, text, tone: "plain", ...options });
  const seconds = options.action || options.tone === "bad" ? 10 : 5;
  setTimeout(() => {
    unsay(id);
  }, seconds * 1000);
  return id;
}

export function unsay(id: number): void {
  state.toasts = state.toasts.filter((each) => each.id !== id);
}

/** Takes back all that was said: whoever reads now is somebody else. */
export function unsayAll(): void {
  state.toasts = [];
}
