/**
 * What a reviewer hands to a court: a file and a key, and a verifier that has nothing else. It holds
 * after the department has forgotten the values, and after the department is gone.
 */
import { spawnSync } from 'node:child_process';
import { cp, readFile, symlink, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { openAll } from '#services/all.ts';
import { type Department, makeDepartment } from '#test/demo/scenario.ts';
import { signIn, until } from '#test/support/api.ts';
import { temporaryFolder } from '#test/support/folder.ts';

/** Takes a bundle of one incident through the gateway, then has its values expunged. */
async function takeBundle(dataDir: string) {
  await using stack = new AsyncDisposableStack();
  const listen = { host: '127.0.0.1', port: 0 };
  const settings = { dataDir, http: listen, smtp: listen, logLevel: 'silent' };
  const { origin, smtpPort } = await openAll(stack, settings);
  const firstRun = JSON.parse(await readFile(join(dataDir, 'first-run.json'), 'utf8'));
  const platform = await signIn(origin, firstRun.email, firstRun.password);
  const stage = { origin, smtpPort, firstRun, tell: () => undefined };
  const department = await makeDepartment(stage, platform, 'fairvale');
  const { officer, reviewer } = department;
  const made = await officer.post('/v1/incidents', {
    nature: 'STRUCTURE FIRE',
    address: '12 MILL RD',
    callerName: 'JANE DOE',
  });
  expect(made.status, JSON.stringify(made.body)).toBe(201);
  const found = await until(
    'the entry of the incident',
    () => reviewer.get(`/v1/ledger/entries?objectId=${made.body.id}`),
    ({ body }) => body.items.length === 1,
  );
  const [{ seq }] = found.body.items;
  const opened = await reviewer.get(`/v1/ledger/entries/${seq}/disclosures`);
  expect(opened.body.values).toContainEqual(
    expect.objectContaining({ name: 'callerName', value: { after: 'JANE DOE' } }),
  );
  const bundle = await reviewer.post('/v1/ledger/bundles', {
    entries: [seq, 0],
    disclose: ['nature', 'address'],
  });
  expect(bundle.status, JSON.stringify(bundle.body)).toBe(200);
  const { body: checkpoint } = await reviewer.get('/v1/ledger/checkpoint');
  await expunge(department, made.body.id);
  const after = await reviewer.get(`/v1/ledger/entries/${seq}/disclosures`);
  expect(after.body).toMatchObject({ state: 'expunged', values: [] });
  const verified = await reviewer.get('/v1/ledger/verify');
  expect(verified.body).toMatchObject({ ok: true, breaks: [] });
  return { bundle: bundle.body, seq, verifierKey: checkpoint.verifierKey };
}

/** One person asks, cannot approve it, and another one does. */
async function expunge({ admin, officer, reviewer }: Department, objectId: string) {
  const made = await admin.post('/v1/ledger/expungements', {
    scope: { objectType: 'incident', objectId },
    order: '2031-CV-17',
    reason: 'sealed by the juvenile court',
  });
  expect(made, JSON.stringify(made.body)).toMatchObject({ status: 201 });
  const approve = `${made.headers.get('location')}/approve`;
  for (const api of [admin, officer]) expect((await api.post(approve)).status).toBe(403);
  const { status, body } = await reviewer.post(approve);
  expect(status, JSON.stringify(body)).toBe(200);
  expect(body).toMatchObject({ status: 'done', order: '2031-CV-17' });
  const listed = await reviewer.get('/v1/ledger/expungements');
  const { services: _, ...carriedOut } = body;
  expect(listed.body.items).toMatchObject([carriedOut]);
}

function run(script: string, args: readonly string[], cwd: string) {
  const options = { cwd, env: {}, encoding: 'utf8' } as const;
  const { status, stdout, stderr } = spawnSync(process.execPath, [script, ...args], options);
  return { status, report: stdout === '' ? undefined : JSON.parse(stdout), stderr };
}

test('a bundle verifies with the file and the key alone; what is altered is named', async () => {
  await using data = await temporaryFolder();
  const { bundle, seq, verifierKey } = await takeBundle(data.path);
  await using desk = await temporaryFolder();
  const file = join(desk.path, 'evidence.json');
  await writeFile(file, JSON.stringify(bundle));
  const verify = (...args: string[]) =>
    run(resolve('services/cli.ts'), ['bundle', 'verify', ...args], desk.path);

  const good = verify(file, '--key', verifierKey);
  expect(good, good.stderr).toMatchObject({ status: 0, report: { ok: true, failures: [] } });
  const [proved] = good.report.proved;
  expect(proved).toMatchObject({ seq, says: { action: 'core-records.incident.created' } });
  expect(
    Object.fromEntries(
      proved.disclosed.map(({ name, value }: { name: string; value: object }) => [name, value]),
    ),
  ).toEqual({
    nature: { after: 'STRUCTURE FIRE' },
    address: { after: '12 MILL RD' },
  });
  expect(proved.hidden).toBeGreaterThan(0);
  expect(JSON.stringify(bundle)).not.toContain('JANE');

  const [first] = bundle.entries;
  const altered = {
    ...bundle,
    entries: [
      { ...first, disclosures: first.disclosures.toReversed().map((each: string) => `${each}A`) },
    ],
  };
  const forged = join(desk.path, 'forged.json');
  await writeFile(forged, JSON.stringify(altered));
  expect(verify(forged, '--key', verifierKey)).toMatchObject({
    status: 1,
    report: {
      ok: false,
      failures: [
        { part: 'disclosure', seq },
        { part: 'disclosure', seq },
      ],
    },
  });
  const other = 'example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k';
  expect(verify(file, '--key', other)).toMatchObject({
    status: 1,
    report: { ok: false, failures: [{ part: 'checkpoint' }] },
  });
  for (const wrong of [[], [file], [file, '--key', 'x'], ['none.json', '--key', verifierKey]]) {
    expect(verify(...wrong)).toMatchObject({ status: 2, report: undefined });
  }
  expect(await alone(desk.path, file, verifierKey)).toMatchObject({
    status: 0,
    report: { ok: true },
  });
}, 60_000);

/** The folder of the portable verifier, copied away from everything else that is ours. */
async function alone(folder: string, file: string, verifierKey: string) {
  await cp('services/ledger/portable', join(folder, 'portable'), { recursive: true });
  await symlink(resolve('node_modules'), join(folder, 'node_modules'));
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }');
  const script = join(folder, 'stranger.ts');
  await writeFile(
    script,
    `import { readFile } from 'node:fs/promises';
     import { verifyBundle } from './portable/verify-bundle.ts';
     const [, , file = '', verifierKey = ''] = process.argv;
     const report = await verifyBundle({ text: await readFile(file, 'utf8'), verifierKey });
     process.stdout.write(JSON.stringify(report));`,
  );
  return run(script, [file, verifierKey], folder);
}
