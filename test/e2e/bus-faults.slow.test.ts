/**
 * What can happen to the bus, under load: its server ends, stands still, is cut off from half of the
 * instances, is slow; an instance stands still. The links are proxies here, which work everywhere;
 * the same on links of the kernel is in bus-partitions.slow.test.ts.
 */
import { afterAll, afterEach, beforeAll, beforeEach, describe, test } from 'vitest';
import { dynamo, hasEngine, moto, valkey } from '#test/support/aws-engines.ts';
import { type DeskStage, openDeskStage } from '#test/support/desk-stage.ts';
import { hasNatsServer, hasOpenssl } from '#test/support/engines.ts';
import { type FaultyLink, openFaultyLink } from '#test/support/faulty-link.ts';
import type { Instance } from '#test/support/fleet.ts';
import { temporaryFolder } from '#test/support/folder.ts';
import type { Load } from '#test/support/load.ts';
import { putBusSecrets, type SecuredBus, startSecuredBus } from '#test/support/secured-bus.ts';

const isPossible = hasNatsServer() && hasOpenssl() && [moto, dynamo, valkey].every(hasEngine);
const MEANWHILE = 6;
const inFirst = ({ place }: Instance) => place === 1;
const inSecond = ({ place }: Instance) => place === 2;

describe.skipIf(!isPossible)('under load, what was acknowledged is there once when', () => {
  let opened: AsyncDisposableStack;
  let stage: DeskStage;
  let bus: SecuredBus;
  let second: FaultyLink;
  let load: Load;

  beforeAll(async () => {
    opened = new AsyncDisposableStack();
    const { path } = opened.use(await temporaryFolder());
    bus = opened.use(await startSecuredBus({ secrets: await putBusSecrets(path) }));
    const port = Number(new URL(bus.url).port);
    second = opened.use(await openFaultyLink({ host: '127.0.0.1', port }));
    const urlOf = (place: number) => (place === 1 ? bus.url : `tls://127.0.0.1:${second.port}`);
    stage = opened.use(
      await openDeskStage((service, place) => bus.environmentOf(service, urlOf(place))),
    );
  });
  afterAll(() => opened.disposeAsync());

  beforeEach(async () => {
    load = stage.load();
    await load.more(MEANWHILE);
  });
  afterEach(() => stage.recover(load));

  test('the server is killed, and started again: no instance says meanwhile that it is ready', async () => {
    await bus.kill();
    await stage.fleet.untilReady(false);
    await bus.restart();
  });

  test('the server stands still, and goes on: no instance says meanwhile that it is ready', async () => {
    bus.pause();
    await stage.fleet.untilReady(false);
    bus.resume();
  });

  test('an instance stands still, and goes on with requests that nobody waits for any more', async () => {
    const still = stage.fleet.instance('core-records', 1);
    still.pause();
    await load.more(MEANWHILE);
    still.resume();
  });

  test('half of the instances are cut off: these say so, and the others go on', async () => {
    second.cut();
    await stage.fleet.untilReady(false, inSecond);
    await stage.fleet.untilReady(true, inFirst);
    // Each second request waits in vain at first, for one that is cut off.
    await load.more(MEANWHILE / 2);
    second.mend();
  });

  test('the way of half of the instances is slow: all stay ready', async () => {
    second.slow();
    await load.more(MEANWHILE);
    await stage.fleet.untilReady(true);
    second.mend();
  });
});
