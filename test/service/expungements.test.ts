/** Records destroyed by order, when the store fails at any of its writes. */
import { randomUUIDv7 } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { expungeRecord } from '#contracts/record-expungements.ts';
import {
  createIncident,
  incidentHistory,
  readIncident,
  updateIncident,
} from '#contracts/records/incident.ts';
import { openCoreRecords } from '#services/core-records/service.ts';
import { jobCaller } from '#shared/client.ts';
import { Problem } from '#shared/problem.ts';
import { type Fate, faulty } from '#test/ledger/faulty.ts';
import { until } from '#test/support/api.ts';
import { foundIn } from '#test/support/encodings.ts';
import { bytesBelow } from '#test/support/folder.ts';
import { openTestHost, person } from '#test/support/host.ts';
import { serveLedger } from '#test/support/ledger.ts';

const SECRET = 'QUILLFEATHER LANE';
const OTHER = 'GOLDCREST AVENUE';

interface Failure {
  /** Writes from now on until the one that fails. */
  left: number;
  fate: Fate;
}

async function openCase(failure: Failure) {
  await using opened = new AsyncDisposableStack();
  const host = opened.use(await openTestHost());
  opened.use(await serveLedger(host.host.bus));
  const parts = await host.parts('core-records');
  const failing = faulty(parts.tables, (method) => {
    if (method !== 'write') return 'ok';
    failure.left -= 1;
    return failure.left === 0 ? failure.fate : 'ok';
  });
  opened.use(await openCoreRecords({ ...parts, tables: failing }));
  const tenant = randomUUIDv7();
  const { client, dataDir } = host;
  const officer = person({ tenant, roles: ['officer'] });
  const fields = { nature: 'FIRE', address: SECRET, placeName: OTHER };
  const options = { idempotencyKey: 'once' };
  const { body: made } = await client.call(createIncident, { body: fields }, officer, options);
  const params = { id: made.id };
  await client.call(updateIncident, { params, body: { address: `${SECRET} II` } }, officer);
  const expungement = randomUUIDv7();
  const stack = opened.move();
  return {
    dataDir,
    async correct(body: Parameters<typeof updateIncident.body.parse>[0] & object) {
      await client.call(updateIncident, { params, body }, officer);
    },
    read: async () => (await client.call(readIncident, { params }, officer)).body,
    history: async () => (await client.call(incidentHistory, { params }, officer)).body.items,
    /** As the ledger does: until it is done, whatever happens. */
    async expunge(named?: string[]) {
      const record = { type: 'incident', id: made.id };
      const body = { expungement, record, ...(named && { fields: named }) };
      const ask = () =>
        client.call(expungeRecord, { body }, jobCaller('ledger', { tenant })).then(
          (answer) => answer.body.state,
          (error: unknown) => (error instanceof Problem ? error.code : 'error'),
        );
      return until('done', ask, (state) => state === 'done');
    },
    expungement,
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

describe('a record is destroyed once, and all of it, when the store fails', () => {
  const fates: Fate[] = ['unapplied', 'applied'];
  const steps = Array.from({ length: 6 }, (_, index) => index + 1);
  test.each(fates.flatMap((fate) => steps.map((step) => [step, fate] as const)))(
    'at write %i, %s',
    async (left, fate) => {
      const failure: Failure = { left: 0, fate };
      await using opened = await openCase(failure);
      failure.left = left;
      expect(await opened.expunge()).toBe('done');
      failure.left = 0;
      expect(await opened.read()).toMatchObject({
        status: 'expunged',
        version: 3,
        expungedBy: [opened.expungement],
      });
      expect((await opened.history()).map(({ changes }) => changes)).toEqual([[], [], []]);
      expect(foundIn(await bytesBelow(opened.dataDir), [SECRET, OTHER])).toEqual([]);
      // Once more is nothing.
      expect(await opened.expunge()).toBe('done');
      expect(await opened.read()).toMatchObject({ version: 3 });
    },
  );

  test('or only what it says in some fields', async () => {
    const failure: Failure = { left: 0, fate: 'ok' };
    await using opened = await openCase(failure);
    await opened.expunge(['address']);
    const left = await opened.read();
    expect(left).toMatchObject({ status: 'open', nature: 'FIRE', placeName: OTHER });
    expect(left).not.toHaveProperty('address');
    const names = (await opened.history()).flatMap(({ changes }) =>
      changes.map((each) => each.field),
    );
    expect(names).toContain('placeName');
    expect(names).not.toContain('address');
    const bytes = await bytesBelow(opened.dataDir);
    expect(foundIn(bytes, [SECRET, OTHER])).toEqual([OTHER]);
  });

  test('also out of more history than one write can take', async () => {
    const failure: Failure = { left: 0, fate: 'ok' };
    await using opened = await openCase(failure);
    const narrative = (turn: number) => `${turn} `.repeat(30_000).slice(0, 60_000);
    for (let turn = 0; turn < 40; turn += 1) {
      await opened.correct({ callerName: `${SECRET} ${turn}`, narrative: narrative(turn) });
    }
    await opened.expunge(['callerName', 'address']);
    const changes = (await opened.history()).flatMap((row) => row.changes);
    const names = new Set(changes.map(({ field }) => field));
    expect(names).toContain('narrative');
    expect(names).not.toContain('callerName');
    expect(foundIn(await bytesBelow(opened.dataDir), [SECRET])).toEqual([]);
  });
});
