/**
 * Which dialog lies on top: all else is inert meanwhile, so what is said has to be said within it.
 */
const state = $state<{ open: string[] }>({ open: [] });

/** Puts a dialog on top, until the function that it gives is called. */
export function openDialog(id: string): () => void {
  state.open.push(id);
  return () => {
    state.open = state.open.filter((each) => each !== id);
  };
}

/** The dialog on top; undefined where none is open. */
export function topDialog(): string | undefined {
  return state.open.at(-1);
}
