/**
 * Two servers of the bus as one, each on a machine of its own: links of the kernel between network
 * namespaces, which are cut and slowed under load. Half of the instances know one server, half the
 * other; each learns of both from the one that it reaches.
 */
import { afterAll, afterEach, beforeAll, beforeEach, describe, test } from 'vitest';
import { dynamo, hasEngine, moto, valkey } from '#test/support/aws-engines.ts';
import { type DeskStage, openDeskStage } from '#test/support/desk-stage.ts';
import { hasNatsServer, hasOpenssl } from '#test/support/engines.ts';
import type { Instance } from '#test/support/fleet.ts';
import { temporaryFolder } from '#test/support/folder.ts';
import type { Load } from '#test/support/load.ts';
import {
  type Machine,
  type Machines,
  openMachines,
  whyNoMachines,
} from '#test/support/machines.ts';
import { type BusSecrets, putBusSecrets, startSecuredBus } from '#test/support/secured-bus.ts';

const isPossible = hasNatsServer() && hasOpenssl() && [moto, dynamo, valkey].every(hasEngine);
const reason = whyNoMachines();
const name = 'on links of the kernel under load, what was acknowledged is there once when';
const CLUSTER_PORT = 6222;
const MEANWHILE = 6;
const inSecond = ({ place }: Instance) => place === 2;

describe.skipIf(!isPossible || reason !== undefined)(
  reason === undefined ? name : `${name} (left out: ${reason})`,
  () => {
    let opened: AsyncDisposableStack;
    let machines: Machines;
    let stage: DeskStage;
    let load: Load;

    beforeAll(async () => {
      opened = new AsyncDisposableStack();
      const { path } = opened.use(await temporaryFolder());
      machines = opened.use(await openMachines());
      const { first, second } = machines;
      // Clients hold an address in numbers against this name, servers against the numbers.
      const addresses = [first, second].flatMap(({ host, beside }) => [host, beside]);
      const names = ['DNS:localhost', ...addresses.map((address) => `IP:${address}`)];
      const secrets = await putBusSecrets(path, names);
      const servers = [
        opened.use(await startServer(secrets, first, second)),
        opened.use(await startServer(secrets, second, first)),
      ];
      stage = opened.use(
        await openDeskStage((service, place) => servers[place - 1]?.environmentOf(service) ?? {}),
      );
    });
    afterAll(() => opened.disposeAsync());

    beforeEach(async () => {
      load = stage.load();
      await load.more(MEANWHILE);
    });
    afterEach(() => stage.recover(load));

    test('a server is cut off: its instances say so, and go to the other one', async () => {
      machines.second.link.cut();
      await stage.fleet.untilReady(false, inSecond);
      await stage.fleet.untilReady(true);
      await load.more(MEANWHILE);
      machines.second.link.mend();
    });

    test('the servers are cut off from each other: both halves work, and are one again', async () => {
      machines.between.cut();
      await load.more(8 * MEANWHILE);
      await stage.fleet.untilReady(true);
      machines.between.mend();
    });

    test('the links are slow: all stay ready', async () => {
      machines.second.link.slow();
      machines.between.slow();
      await load.more(MEANWHILE);
      await stage.fleet.untilReady(true);
      machines.second.link.mend();
      machines.between.mend();
    });
  },
);

function startServer(secrets: BusSecrets, place: Machine, other: Machine) {
  const listen = { host: place.beside, port: CLUSTER_PORT };
  const route = `tls://${other.beside}:${CLUSTER_PORT}`;
  return startSecuredBus({ secrets, place, cluster: { listen, route } });
}
