/** Lets those who want to change the same thing do so one after the other. */
export interface Turns {
  /** Runs when everyone who asked for this key before is done, however they ended. */
  take<Result>(key: string, run: () => Promise<Result>): Promise<Result>;
}

/**
 * Races are decided by the versions in the tables; that holds between processes too. Inside of one
 * process, many changes of one record would all read the same version and all but one lose, round
 * after round. Turns spare them that. Nothing is held for a key that nobody waits for.
 */
export function openTurns(): Turns {
  const last = new Map<string, Promise<unknown>>();
  return {
    async take(key, run) {
      const before = last.get(key) ?? Promise.resolve();
      const mine = before.then(run, run);
      last.set(key, mine);
      try {
        return await mine;
      } finally {
        if (last.get(key) === mine) last.delete(key);
      }
    },
  };
}
