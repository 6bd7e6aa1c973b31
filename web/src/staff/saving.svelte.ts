/** The fate of a form: sent, saved, or refused, and then which of its fields are to blame. */
import { told } from "../app/problems.ts";
import { noticeEnd } from "../app/session.svelte.ts";

/** The field to blame for a refusal that names none. */
const blamed: Record<string, string> = {
  name_blank: "/name",
  facility_name_taken: "/name",
  site_name_taken: "/name",
  group_name_taken: "/name",
  username_taken: "/username",
  time_zone_unknown: "/time_zone",
  opening_hours_invalid: "/opening_hours",
  holiday_calendar_unknown: "/holiday_calendar/country",
  reason_blank: "/reason",
  time_not_on_mark: "/start_time",
  end_not_after_start: "/end_time",
  closure_in_past: "/end_time",
  quota_without_limit: "/max_active_bookings",
  site_unknown: "/site_id",
  facility_unknown: "/facility_id",
};

export class Saving {
  error = $state.raw<unknown>();
  isBusy = $state(false);
  readonly #told = $derived(this.error === undefined ? undefined : told(this.error));

  /** What is wrong with the member of what was sent that a JSON Pointer names, or with one within. */
  fault(pointer: string): string | undefined {
    const it = this.#told;
    if (it === undefined) {
      return undefined;
    }
    for (const [at, detail] of it.fields) {
      if (at === pointer || at.startsWith(`${pointer}/`)) {
        return detail;
      }
    }
    return blamed[it.type] === pointer ? it.title : undefined;
  }

  /** Does it, and gives whether it was done; the error of what was refused is kept to be shown. */
  async run(call: () => Promise<unknown>): Promise<boolean> {
    if (this.isBusy) {
      return false;
    }
    this.isBusy = true;
    this.error = undefined;
    try {
      await call();
      return true;
    } catch (error) {
      noticeEnd(error);
      this.error = error;
      return false;
    } finally {
      this.isBusy = false;
    }
  }
}
