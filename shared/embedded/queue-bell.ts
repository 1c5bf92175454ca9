/** Wakes those who wait, at once; a ring between a look and the wait after it is not lost. */
export interface Bell {
  /** How often it rang so far: to be taken before the look. */
  rings(): number;
  ring(): void;
  /** Resolves when it rang after `since`, or when `ms` have passed. */
  wait(until: { readonly since: number; readonly ms: number }): Promise<void>;
}

export function openBell(): Bell {
  const waiting = new Set<() => void>();
  let rings = 0;
  return {
    rings: () => rings,
    ring() {
      rings += 1;
      for (const wake of [...waiting]) wake();
    },
    wait({ since, ms }) {
      if (since !== rings) return Promise.resolve();
      return new Promise((resolve) => {
        const wake = () => {
          clearTimeout(timer);
          waiting.delete(wake);
          resolve();
        };
        const timer = setTimeout(wake, ms);
        waiting.add(wake);
      });
    },
  };
}
