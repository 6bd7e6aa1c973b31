/** Bundles what changes within a moment, and has it asked for one thing after the other. */

export interface News {
  /** Ask anew for this facility. */
  one: (facilityId: number) => void;
  /** Ask anew for all. */
  all: () => void;
  stop: () => void;
}

/** What is too soon to book moves with the clock: it is asked for at this distance. */
export const REFRESH_MILLISECONDS = 120_000;

const MOMENT_MILLISECONDS = 100;
/** Where more changed than this, asking for all takes less. */
const FEW = 6;

/** Calls back with the facilities to ask for, or with undefined for all; never twice at once. */
export function gather(ask: (facilityIds: number[] | undefined) => Promise<void>): News {
  let isAll = false;
  let isBusy = false;
  let isStopped = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const ids = new Set<number>();

  async function work(): Promise<void> {
    timer = undefined;
    isBusy = true;
    while (!isStopped && (isAll || ids.size > 0)) {
      const some = isAll || ids.size > FEW ? undefined : [...ids];
      isAll = false;
      ids.clear();
      await ask(some);
    }
    isBusy = false;
  }

  function soon(): void {
    if (!isBusy && !isStopped) {
      timer ??= setTimeout(() => void work(), MOMENT_MILLISECONDS);
    }
  }

  return {
    one(facilityId) {
      ids.add(facilityId);
      soon();
    },
    all() {
      isAll = true;
      soon();
    },
    stop() {
      isStopped = true;
      clearTimeout(timer);
    },
  };
}
