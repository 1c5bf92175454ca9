import { randomUUIDv7 } from 'node:crypto';
import { expect, test } from 'vitest';
import * as ledger from '#contracts/ledger.ts';
import { verifyInclusion } from '#services/ledger/portable/verify.ts';
import { openLedger } from '#services/ledger/service.ts';
import { auditEventOf } from '#shared/audit.ts';
import { jobCaller } from '#shared/client.ts';
import { openTestHost, person } from '#test/support/host.ts';

test('smoke', async () => {
  await using stack = new AsyncDisposableStack();
  const test = stack.use(await openTestHost());
  const { blobs: checkpoints } = await test.host.blobs('checkpoints');
  const parts = await test.parts('ledger');
  stack.use(await openLedger({ ...parts, checkpoints, host: () => 'ledger.example' }));
  const tenant = randomUUIDv7();
  const job = jobCaller('core-records', { tenant });
  const reviewer = person({ tenant, roles: ['reviewer'] });
  const events = Array.from({ length: 5 }, (_, i) =>
    auditEventOf({
      caller: person({ tenant, roles: ['officer'] }),
      action: 'incident.record.updated',
      object: { type: 'incident', id: `i${i % 2}`, version: 1 },
      changes: [{ field: 'narrative', before: 'x', after: 'SECRET-VALUE' }],
      now: new Date(test.clock()),
    }),
  );
  const appended = await test.client.call(ledger.appendEvents, { body: { events } }, job);
  console.log(appended.body);
  const again = await test.client.call(ledger.appendEvents, { body: { events } }, job);
  console.log(again.body.results.map((r) => r.status));
  const list = await test.client.call(ledger.listEntries, {}, reviewer);
  console.log(list.body.items.length);
  const proof = await test.client.call(ledger.proveEntry, { params: { seq: 2 } }, reviewer);
  const read = await test.client.call(ledger.readEntry, { params: { seq: 2 } }, reviewer);
  const verdict = await verifyInclusion({
    ...proof.body,
    entry: Buffer.from(read.body.bytes, 'base64'),
  });
  console.log(proof.body, verdict);
  const verified = await test.client.call(ledger.verifyLedger, {}, reviewer);
  console.log(verified.body);
  expect(verified.body.ok).toBe(true);
});
