/** Has the focus go here when the dialog around it opens: `<input {@attach first} />`. */
export function first(element: HTMLElement): void {
  element.setAttribute("autofocus", "");
}
