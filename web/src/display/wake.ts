/** Keeps the screen on, where the browser can: a display that sleeps tells nobody anything. */
export function stayAwake(): () => void {
  // Browsers before 2025 have none, nor has a page without TLS.
  const { wakeLock } = navigator as Partial<Pick<Navigator, "wakeLock">>;
  let lock: WakeLockSentinel | undefined;
  let isOver = false;

  async function hold(): Promise<void> {
    if (wakeLock === undefined || document.visibilityState !== "visible") {
      return;
    }
    try {
      const held = await wakeLock.request("screen");
      if (isOver) {
        await held.release();
      } else {
        lock = held;
      }
    } catch {
      // Refused, such as where the battery is low: the screen does as it would.
    }
  }

  // A lock ends with being hidden.
  const anew = () => void hold();
  document.addEventListener("visibilitychange", anew);
  void hold();
  return () => {
    isOver = true;
    document.removeEventListener("visibilitychange", anew);
    void lock?.release();
  };
}
