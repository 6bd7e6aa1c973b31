/** Who is signed in. */
import { api, isProblem, type Me, ok } from "./api.ts";

interface State {
  me: Me | undefined;
  isKnown: boolean;
  isOver: boolean;
}

const state = $state<State>({ me: undefined, isKnown: false, isOver: false });

/** The user; undefined where nobody is signed in. */
export function me(): Me | undefined {
  return state.me;
}

/** Whether it has been asked who is signed in. */
export function isKnown(): boolean {
  return state.isKnown;
}

/** Whether the session ended while its pages were open: they stay, with what was typed in them. */
export function isOver(): boolean {
  return state.isOver;
}

/** Whether the user is staff, of the house or of a site. */
export function isStaff(): boolean {
  return state.me !== undefined && (state.me.is_staff || state.me.sites.length > 0);
}

/** Whether the user governs what is at this site. */
export function governs(siteId: number): boolean {
  return (
    state.me !== undefined && (state.me.is_staff || state.me.sites.some(({ id }) => id === siteId))
  );
}

/** Asks the service who is signed in. Throws where it cannot be asked. */
export async function recognise(): Promise<void> {
  try {
    state.me = await ok(api.GET("/api/v1/me/"));
    state.isOver = false;
  } catch (error) {
    if (!isProblem(error, "authentication_required")) {
      throw error;
    }
    state.me = undefined;
  }
  state.isKnown = true;
}

/** Trades a token, or the secret of a link, for a cookie. Throws the service's refusal. */
export async function signIn(token: string, keep = false): Promise<void> {
  await ok(api.POST("/api/v1/session/", { body: { token, keep_signed_in: keep } }));
  await recognise();
}

export async function signOut(): Promise<void> {
  await ok(api.DELETE("/api/v1/session/"));
  endSession();
}

/** Shows the sign-in page, and no more of what was open. */
export function endSession(): void {
  state.me = undefined;
  state.isOver = false;
}

/** Call it with whatever an operation threw: where the session is over, the page asks to sign in. */
export function noticeEnd(error: unknown): void {
  if (isProblem(error, "authentication_required") && state.me !== undefined) {
    state.isOver = true;
  }
}
