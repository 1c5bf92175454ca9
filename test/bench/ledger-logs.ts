import { join } from 'node:path';
import { type Fixture, openFixture } from '#test/ledger/fixture.ts';
import { smallEvents } from './ledger-events.ts';

const BATCH = 1_000;
const TOLD_ENTRIES = 1_000_000;

export interface SizedLog extends AsyncDisposable {
  readonly size: number;
  readonly fixture: Fixture;
}

/**
 * A log of that many small entries, which the product's writer made, in stores of its own. In a
 * folder below `folder` it stays, is gone on with where an earlier run stopped, and is not built
 * again; without one it is in a temporary folder.
 */
export async function openSizedLog(size: number, folder?: string): Promise<SizedLog> {
  const dataDir = folder === undefined ? undefined : join(folder, String(size));
  await using opened = new AsyncDisposableStack();
  const fixture = opened.use(await openFixture(dataDir));
  await grow(fixture, size);
  const stack = opened.move();
  return { size, fixture, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

async function grow(fixture: Fixture, size: number): Promise<void> {
  await using log = await fixture.open();
  while (log.size() < size) {
    await log.append(smallEvents(fixture.tenant, Math.min(BATCH, size - log.size())));
    if (size > TOLD_ENTRIES && log.size() % TOLD_ENTRIES === 0) {
      process.stderr.write(`${log.size().toLocaleString('en-US')} entries are built\n`);
    }
  }
  if (log.size() > size) throw new Error(`the log has ${log.size()} entries, not ${size}`);
}
