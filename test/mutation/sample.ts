/** Something to change, for the test of the command itself (test/unit/mutation.slow.test.ts). */

export const LIMIT = 10 * 10;

export function isSmall(value: number): boolean {
  return value < LIMIT;
}

/** A change of the step makes it walk on the spot: only from outside that can be ended. */
export function walked(count: number): number {
  const step = count > 0 ? 1 : 0;
  let at = 0;
  while (at < count) at += step;
  return at;
}

export async function answered(question: string): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  if (question !== '') resolve(`yes, ${question}`);
  return promise;
}

export function unused(): number {
  return 1 + 1;
}
