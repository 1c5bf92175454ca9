/**
 * Two instances of each service on the aws profile, NATS with TLS and a user for each service. Under
 * load of every kind, instances end; the client only asks again, with the same Idempotency-Key.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { dynamo, hasEngine, moto, valkey } from '#test/support/aws-engines.ts';
import { type DeskStage, openDeskStage } from '#test/support/desk-stage.ts';
import { hasNatsServer, hasOpenssl } from '#test/support/engines.ts';
import { temporaryFolder } from '#test/support/folder.ts';
import { putBusSecrets, startSecuredBus } from '#test/support/secured-bus.ts';

const isPossible = hasNatsServer() && hasOpenssl() && [moto, dynamo, valkey].every(hasEngine);
/** Writes that must be acknowledged while an instance is away. */
const MEANWHILE = 5;

describe.skipIf(!isPossible)('two instances of each service, each ended in turn under load', () => {
  let opened: AsyncDisposableStack;
  let stage: DeskStage;

  beforeAll(async () => {
    opened = new AsyncDisposableStack();
    const { path } = opened.use(await temporaryFolder());
    const bus = opened.use(await startSecuredBus({ secrets: await putBusSecrets(path) }));
    stage = opened.use(await openDeskStage((service) => bus.environmentOf(service)));
  });
  afterAll(() => opened.disposeAsync());

  test('by kill -9: nothing acknowledged is lost, doubled or out of order, in the ledger too', async () => {
    const { fleet } = stage;
    const load = stage.load();
    await load.more(MEANWHILE);
    for (const instance of fleet.instances) {
      expect(await instance.stop('SIGKILL'), instance.name).toBe(null);
      await load.more(MEANWHILE);
      await instance.start();
    }
    await stage.recover(load);
    await stage.verifyByEach();
  });

  test('by SIGTERM: what was taken is answered, and the client meets nothing but a closed door', async () => {
    const { fleet } = stage;
    const load = stage.load();
    await load.more(MEANWHILE);
    for (const instance of fleet.instances) {
      expect(await instance.stop('SIGTERM'), instance.name).toBe(0);
      await load.more(MEANWHILE);
      await instance.start();
    }
    await stage.recover(load);
    // Refused at a gateway that listens no more. No answer was lost, none was an error.
    expect([...load.retries.keys()].filter((each) => each !== 'ECONNREFUSED')).toEqual([]);
  });
});
