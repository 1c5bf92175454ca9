/** A bundle whose checkpoint a witness elsewhere has seen, and a stranger who asks for that. */
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { readCheckpoint } from '#contracts/ledger.ts';
import { makeBundle } from '#contracts/ledger-evidence.ts';
import { openWitnessing } from '#services/ledger/checkpoints/witnessing.ts';
import { openLogs } from '#services/ledger/log/logs.ts';
import { parseWitnessKey, verifyWitnesses } from '#services/ledger/portable/cosignature.ts';
import { verifyBundle } from '#services/ledger/portable/verify-bundle.ts';
import { runWitness } from '#services/ledger/witness/command.ts';
import { temporaryFolder } from '#test/support/folder.ts';
import { eventsOf } from './fixture.ts';
import { openServing } from './serving.ts';

/** A service, a witness of its log over HTTP, and a round of asking it. */
async function openWitnessed() {
  await using opened = new AsyncDisposableStack();
  const serving = opened.use(await openServing());
  const { host, tenant, as, someone } = serving;
  const folder = opened.use(await temporaryFolder());
  await serving.append(eventsOf(tenant, 3));
  const reviewer = as(someone('reviewer'));
  const { verifierKey } = await reviewer(readCheckpoint);
  const name = 'witness.example/w';
  const place = { dataDir: join(folder.path, 'witness'), listen: '0', name };
  const witness = opened.use(await runWitness({ ...place, logs: [verifierKey] }));
  const elsewhere = { dataDir: join(folder.path, 'other'), listen: '0', name: 'other.example/w' };
  const stranger = opened.use(await runWitness({ ...elsewhere, logs: [verifierKey] }));
  const key = parseWitnessKey(witness.verifierKey);
  if (key === undefined) throw new Error('a witness prints its key');
  const { blobs: checkpoints } = await host.host.blobs('checkpoints');
  const parts = { ...(await host.parts('ledger')), checkpoints, host: () => 'ledger.example' };
  const logs = opened.use(openLogs(parts));
  const witnesses = [{ verifierKey: key, url: witness.url }];
  const rounds = opened.use(openWitnessing(parts, logs, { witnesses, isRunning: false }));
  const stack = opened.move();
  return {
    serving,
    folder: folder.path,
    verifierKey,
    witnessKey: witness.verifierKey,
    /** Of a witness that nobody asks. */
    strangersKey: stranger.verifierKey,
    cosign: () => rounds.round(),
    bundle: async (...entries: number[]) =>
      JSON.stringify(await reviewer(makeBundle, { body: { entries } })),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

test('a bundle has a cosigned checkpoint where one holds its entries, and else the newest', async () => {
  await using log = await openWitnessed();
  const { verifierKey, witnessKey, serving } = log;
  await log.cosign();
  await serving.append(eventsOf(serving.tenant, 2));
  const asked = { verifierKey, witnessKeys: [witnessKey] };
  const before = Date.now();
  const report = await verifyBundle({ text: await log.bundle(0, 2), ...asked });
  expect(report).toMatchObject({
    ok: true,
    failures: [],
    checkpoint: { witnesses: [{ name: 'witness.example/w' }] },
    proved: [{ seq: 0 }, { seq: 2 }],
  });
  const [seen] = report.checkpoint?.witnesses ?? [];
  expect(Math.abs(Date.parse(seen?.at ?? '') - before)).toBeLessThan(600_000);

  // Behind what the witness has seen there is nothing of it yet.
  const newest = await log.bundle(0, report.checkpoint?.size ?? 0);
  expect(await verifyBundle({ text: newest, verifierKey })).toMatchObject({ ok: true });
  const reason = 'The witness witness.example/w has not signed this checkpoint.';
  expect(await verifyBundle({ text: newest, ...asked })).toMatchObject({
    ok: false,
    failures: [{ part: 'checkpoint', reason }],
    proved: [],
  });
  // Of earlier entries it is still the one that was seen, though a newer one is signed by now.
  const again = await verifyBundle({ text: await log.bundle(0, 2), ...asked });
  expect(again).toMatchObject({ ok: true, checkpoint: { size: report.checkpoint?.size } });
  await log.cosign();
  const later = await log.bundle(0, report.checkpoint?.size ?? 0);
  expect(await verifyBundle({ text: later, ...asked })).toMatchObject({ ok: true });
});

test('the commands ask for every witness that is named', async () => {
  await using log = await openWitnessed();
  const { verifierKey, witnessKey, strangersKey, folder } = log;
  await log.cosign();
  const text = await log.bundle(1);
  const file = join(folder, 'bundle.json');
  await writeFile(file, text);
  const note = join(folder, 'checkpoint');
  await writeFile(note, JSON.parse(text).checkpoint);
  const run = (of: string, path: string, ...keys: string[]) =>
    runCommand([
      of,
      'verify',
      path,
      '--key',
      verifierKey,
      ...keys.flatMap((key) => ['--witness', key]),
    ]);
  const witnesses = [{ name: 'witness.example/w', at: expect.stringMatching(/Z$/) }];
  const good = await run('bundle', file, witnessKey);
  expect(good).toMatchObject({ code: 0, report: { ok: true, checkpoint: { witnesses } } });
  expect(await run('checkpoint', note, witnessKey)).toMatchObject({
    code: 0,
    report: { ok: true, witnesses },
  });
  const reason = 'The witness other.example/w has not signed this checkpoint.';
  expect(await run('bundle', file, witnessKey, strangersKey)).toMatchObject({
    code: 1,
    report: { failures: [{ part: 'checkpoint', reason }] },
  });
  expect(await run('checkpoint', note, strangersKey)).toMatchObject({
    code: 1,
    report: { reason },
  });
  // The key of the log itself is none of a witness.
  expect((await run('bundle', file, verifierKey)).code).toBe(2);
}, 60_000);

async function runCommand(args: readonly string[]) {
  const run = promisify(execFile)(process.execPath, ['services/cli.ts', ...args]);
  const { code, stdout } = await run.then(
    (done) => ({ code: 0, ...done }),
    (error: { readonly code: number; readonly stdout: string }) => error,
  );
  return { code, report: stdout === '' ? undefined : JSON.parse(stdout) };
}

test('a key that no witness has is told of, whatever the checkpoint', async () => {
  for (const key of ['', 'witness.example', 'witness.example+00000000+AAAA']) {
    expect(await verifyWitnesses({ checkpoint: 'none', witnessKeys: [key] })).toEqual({
      ok: false,
      reason: 'The key of a witness is malformed.',
    });
  }
});
