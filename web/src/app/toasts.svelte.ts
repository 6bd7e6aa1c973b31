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
const timers = new Map<number, ReturnType<typeof setTimeout>>();
let isHeld = false;
let last = 0;

export function toasts(): Toast[] {
  return state.toasts;
}

/** Says something for a while; longer where there is something to do about it. */
export function say(text: string, options: Partial<Omit<Toast, "id" | "text">> = {}): number {
  const toast: Toast = { id: ++last, text, tone: "plain", ...options };
  state.toasts.push(toast);
  if (!isHeld) {
    soon(toast);
  }
  return toast.id;
}

function soon({ id, action, tone }: Toast): void {
  const seconds = action || tone === "bad" ? 10 : 5;
  timers.set(
    id,
    setTimeout(() => {
      unsay(id);
    }, seconds * 1000),
  );
}

/** Lets all stay while somebody is at them. */
export function holdToasts(): void {
  isHeld = true;
  for (const timer of timers.values()) {
    clearTimeout(timer);
  }
  timers.clear();
}

/** Lets them go, each after its time. */
export function releaseToasts(): void {
  if (isHeld) {
    isHeld = false;
    state.toasts.forEach(soon);
  }
}

export function unsay(id: number): void {
  clearTimeout(timers.get(id));
  timers.delete(id);
  state.toasts = state.toasts.filter((each) => each.id !== id);
}

/** Takes back all that was said: whoever reads now is somebody else. */
export function unsayAll(): void {
  for (const { id } of state.toasts) {
    unsay(id);
  }
}
