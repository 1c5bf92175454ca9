import { STOP_DEADLINE_MS } from '#contracts/limits.ts';
import { openLog } from './log.ts';

/**
 * Runs a process from its start to a signal.
 *
 * 1. `open` puts what it opens on the stack, newest last. A sentence on standard error and exit
 *    code 1 when it cannot.
 * 2. SIGTERM or SIGINT: the stack is closed, newest first: no new work, work in flight ends.
 * 3. Exit code 0; 1 when that took longer than STOP_DEADLINE_MS. Acknowledged work is in the
 *    tables by then, so an early end loses nothing.
 */
export async function runProcess(
  name: string,
  open: (stack: AsyncDisposableStack) => Promise<void>,
): Promise<void> {
  const log = openLog(name, 'info');
  const stack = new AsyncDisposableStack();
  const stopped = signalReceived();
  process.on('uncaughtException', (error) => {
    // The state is unknown now. What was acknowledged is durable; start again from there.
    log.fatal({ err: error }, 'an error reached nobody');
    process.exit(1);
  });
  try {
    await open(stack);
  } catch (error) {
    process.stderr.write(`${name} did not start: ${messageOf(error)}\n`);
    await stack.disposeAsync().catch(() => undefined);
    process.exit(1);
  }
  const signal = await stopped;
  log.info({ signal }, 'stopping');
  const late = setTimeout(() => {
    log.error({ deadlineMs: STOP_DEADLINE_MS }, 'stopping took too long');
    process.exit(1);
  }, STOP_DEADLINE_MS);
  await stack.disposeAsync();
  clearTimeout(late);
  process.exit(0);
}

/** Resolves with the name of the first SIGTERM or SIGINT. */
export function signalReceived(): Promise<string> {
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT']) process.once(signal, () => resolve(signal));
  });
}

/** Causes of a failed start are ours to show: a port in use, a missing file, a wrong variable. */
function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
