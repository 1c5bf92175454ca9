/** Small shapes of work that is asked for from many sides. */

/**
 * One run at a time. Who asks while it runs shares the next one with everybody else who does, so
 * that a run always begins after it was asked for.
 */
export function openShared(run: () => Promise<void>): () => Promise<void> {
  let current: Promise<void> | undefined;
  let next: Promise<void> | undefined;

  const start = () => {
    const started = run().finally(() => {
      if (current === started) current = undefined;
    });
    current = started;
    return started;
  };

  return () => {
    if (next !== undefined) return next;
    if (current === undefined) return start();
    next = current
      .catch(() => undefined)
      .then(() => {
        next = undefined;
        return start();
      });
    return next;
  };
}

/** Made at the first use; made again when that failed. */
export function openLazily<Value>(make: () => Promise<Value>): () => Promise<Value> {
  let made: Promise<Value> | undefined;
  return () => {
    made ??= make().catch((error: unknown) => {
      made = undefined;
      throw error;
    });
    return made;
  };
}

/** Runs once, some time after the first start since its last run. Keeps no process alive. */
export function openTimer(ms: number, run: () => Promise<void>) {
  let timer: NodeJS.Timeout | undefined;
  return {
    start() {
      timer ??= setTimeout(() => {
        timer = undefined;
        void run();
      }, ms).unref();
    },
    /** True when it was waiting. */
    stop(): boolean {
      const waited = timer !== undefined;
      clearTimeout(timer);
      timer = undefined;
      return waited;
    },
  };
}
