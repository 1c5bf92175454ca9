/** A fleet with a department in it, ready to be loaded: what tests of many machines begin with. */
import assert from 'node:assert/strict';
import type { ServiceName } from '#contracts/caller.ts';
import { makeDepartment } from '#test/demo/scenario.ts';
import { assertOnce } from './acknowledged.ts';
import { signIn } from './api.ts';
import { makeInstallation } from './aws-installation.ts';
import { type Fleet, type Place, places, startFleet } from './fleet.ts';
import { temporaryFolder } from './folder.ts';
import { type Load, startLoad } from './load.ts';
import { openPatientApi, type PatientApi } from './patient.ts';

export interface DeskStage extends AsyncDisposable {
  readonly fleet: Fleet;
  /** By a key of the department, at both gateways. */
  readonly api: PatientApi;
  load(): Load;
  /**
   * After a fault: all instances come back by themselves, the load goes on and ends, and of what was
   * acknowledged everything is there once.
   */
  recover(load: Load): Promise<void>;
  /** The whole ledger of the department, verified by each instance of the ledger alone. */
  verifyByEach(): Promise<void>;
}

/** Writes that must be acknowledged once a fault is over. */
const AFTERWARDS = 6;
const SCOPES = [
  'incidents:read',
  'incidents:write',
  'files:read',
  'files:write',
  'ledger:read',
] as const;

export async function openDeskStage(
  busOf: (service: ServiceName, place: Place) => Readonly<Record<string, string>>,
): Promise<DeskStage> {
  await using opened = new AsyncDisposableStack();
  const { path: dataDir } = opened.use(await temporaryFolder());
  const installation = opened.use(await makeInstallation());
  const fleet = opened.use(await startFleet({ installation, dataDir, busOf }));
  const { key, address } = await makeDesk(fleet);
  const openApi = () => openPatientApi(fleet.origins, { authorization: `Bearer ${key}` });
  const api = openApi();
  const stack = opened.move();
  return {
    fleet,
    api,
    load: () => startLoad({ api: openApi(), installation, address }),
    async recover(load) {
      await fleet.untilReady(true);
      await load.more(AFTERWARDS);
      await load.stop();
      await assertOnce(api, load.acknowledged);
    },
    async verifyByEach() {
      for (const place of places) {
        const other = fleet.instance('ledger', place);
        await other.stop('SIGTERM');
        const { body } = await api.get('/v1/ledger/verify');
        assert.deepEqual([body.ok, body.breaks, body.checkedEntries], [true, [], body.size]);
        await other.start();
      }
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

async function makeDesk({ origins, firstRun }: Fleet): Promise<{ key: string; address: string }> {
  const [origin = ''] = origins;
  const platform = await signIn(origin, firstRun.email, firstRun.password);
  const stage = { origin, smtpPort: 0, firstRun, tell: () => undefined };
  const { admin } = await makeDepartment(stage, platform, 'fairvale');
  const key = await admin.post('/v1/api-keys', { name: 'Load', scopes: SCOPES });
  assert.equal(key.status, 201, JSON.stringify(key.body));
  const source = await admin.post('/v1/cad/sources', {
    name: 'County 911',
    senders: ['desk@county.example'],
    trust: 'authenticated',
  });
  assert.equal(source.status, 201, JSON.stringify(source.body));
  return { key: key.body.key, address: source.body.address };
}
