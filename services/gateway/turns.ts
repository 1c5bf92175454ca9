/** Work with the same key is done one after the other, in the order in which it was asked for. */
export interface Turns {
  take<Result>(key: string, work: () => Promise<Result>): Promise<Result>;
}

/**
 * Turns of this process. They keep racers for one row from making each other fail; that the row
 * itself stays right is the expectation in each write, so that another process may race all the same.
 */
export function openTurns(): Turns {
  const last = new Map<string, Promise<unknown>>();
  return {
    async take(key, work) {
      const before = last.get(key);
      const mine = before === undefined ? work() : before.then(work);
      // Whoever comes next waits for the end of this one, however it ends.
      const ended = mine.then(ignore, ignore);
      last.set(key, ended);
      try {
        return await mine;
      } finally {
        if (last.get(key) === ended) last.delete(key);
      }
    },
  };
}

function ignore(): void {}
