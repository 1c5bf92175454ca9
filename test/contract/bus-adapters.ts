import { openBus } from '#shared/embedded/bus.ts';
import { openNatsBus } from '#shared/nats/bus.ts';
import type { Bus } from '#shared/ports/bus.ts';
import { hasNatsServer, noNatsServer, startNatsServer } from '#test/support/engines.ts';

/** Two ends of one bus, as two services have them. */
export interface BusEnds extends AsyncDisposable {
  readonly near: Bus;
  readonly far: Bus;
}

const natsFound = hasNatsServer();

export const busAdapters: readonly {
  name: string;
  missing: boolean;
  open: () => Promise<BusEnds>;
}[] = [
  { name: 'embedded', missing: false, open: openEmbeddedEnds },
  { name: natsFound ? 'nats' : `nats: ${noNatsServer}`, missing: !natsFound, open: openNatsEnds },
];

async function openEmbeddedEnds(): Promise<BusEnds> {
  const bus = openBus();
  return { near: bus, far: bus, [Symbol.asyncDispose]: () => bus[Symbol.asyncDispose]() };
}

async function openNatsEnds(): Promise<BusEnds> {
  await using opened = new AsyncDisposableStack();
  const { url } = opened.use(await startNatsServer());
  const near = opened.use(await openNatsBus({ url, name: 'gateway' }));
  const far = opened.use(await openNatsBus({ url, name: 'core-records' }));
  const stack = opened.move();
  return { near, far, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}
