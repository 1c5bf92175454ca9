import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { makeDepartment, makeSource, sendMail } from '#test/demo/scenario.ts';
import { eventsOf, openFixture } from '#test/ledger/fixture.ts';
import { flipped, openTamper } from '#test/ledger/tamper.ts';
import { type Api, signIn, until } from '#test/support/api.ts';
import { temporaryFolder } from '#test/support/folder.ts';
import { freePort, startProcess } from '#test/support/processes.ts';

const WRITERS = 4;
const ACKNOWLEDGED_BEFORE = 40;

async function watchdesk(...args: string[]) {
  const command = ['services/cli.ts', ...args];
  const { stdout } = await promisify(execFile)(process.execPath, command);
  return JSON.parse(stdout);
}

/**
 * A backup is made while incidents and mails come in, and the machine is lost behind it. Restored
 * elsewhere, all that was acknowledged before the backup began is there once, of everything that
 * came meanwhile whole records or nothing, and the ledger verifies and goes on.
 */
test('a backup of a server at work makes a server that knows all it had acknowledged', async () => {
  await using folder = await temporaryFolder();
  const [to, again] = [join(folder.path, 'backup'), join(folder.path, 'again')];
  const ports = { http: await freePort(), smtp: await freePort() };
  const environment = {
    DATA_DIR: join(folder.path, 'data'),
    HTTP_PORT: String(ports.http),
    SMTP_PORT: String(ports.smtp),
  };
  const acknowledged: string[] = [];
  let before: readonly string[] = [];
  let officer: Api;
  {
    await using all = await startProcess('services/all.ts', environment);
    const { origin, smtpPort } = all.ready;
    const firstRunFile = join(environment.DATA_DIR, 'first-run.json');
    const firstRun = JSON.parse(await readFile(firstRunFile, 'utf8'));
    const platform = await signIn(origin, firstRun.email, firstRun.password);
    const stage = { origin, smtpPort, firstRun, tell: () => undefined };
    const department = await makeDepartment(stage, platform, 'fairvale');
    officer = department.officer;
    const { address } = await makeSource(department.admin);
    let stopped = false;
    const writers = Array.from({ length: WRITERS }, async (_, writer) => {
      for (let turn = 0; !stopped; turn += 1) {
        const number = `${writer}-${turn}`;
        if (writer % 2 === 1) await sendMail(smtpPort, address, mailOf(number));
        else await department.officer.post('/v1/incidents', { number, nature: 'FIRE' });
        acknowledged.push(number);
      }
    });
    await expect
      .poll(() => acknowledged.length, { timeout: 60_000 })
      .toBeGreaterThan(ACKNOWLEDGED_BEFORE);
    before = [...acknowledged];
    await watchdesk('backup', to, '--data', environment.DATA_DIR);
    stopped = true;
    await Promise.all(writers);
    await all.stop('SIGKILL');
  }
  const restored = await watchdesk('restore', to, '--data', again);
  expect(restored.ledger).toMatchObject({ ok: true });

  await using all = await startProcess('services/all.ts', { ...environment, DATA_DIR: again });
  const { origin } = all.ready;
  // Whoever was signed in then has to sign in again.
  expect((await officer.get('/v1/sessions/current')).status).toBe(401);
  const reviewer = await signIn(origin, 'reviewer@fairvale.example', 'reviewer demonstration only');
  for (const number of before) {
    const { body } = await until(
      `incident ${number}`,
      () => reviewer.get(`/v1/incidents?number=${number}`),
      (answer) => answer.body.items.length > 0,
    );
    expect(body.items, number).toHaveLength(1);
    const path = `/v1/ledger/entries?objectType=incident&objectId=${body.items[0].id}`;
    const entries = await until(
      `ledger entry of ${number}`,
      () => reviewer.get(path),
      (answer) => answer.body.items.length > 0,
    );
    expect(entries.body.items, number).toHaveLength(1);
  }
  // A mail as it came in, from the objects.
  const admin = await signIn(origin, 'chief@fairvale.example', 'admin demonstration only');
  const { body: mails } = await admin.get('/v1/cad/messages?limit=1');
  const raw = await admin.get(`/v1/cad/messages/${mails.items[0].id}/raw`);
  const bytes = await fetch(new URL(raw.headers.get('location') ?? '', origin));
  expect(await bytes.text()).toContain('CALL: FIRE ALARM');
  // The log tells what has happened to it, and goes on.
  const told = await until(
    'the entry of the restoration',
    () => reviewer.get('/v1/ledger/entries?action=gateway.data.restored'),
    (answer) => answer.body.items.length > 0,
  );
  expect(told.body.items).toHaveLength(1);
  expect(told.body.items[0].reason).toContain(restored.takenAt);
  expect((await reviewer.get('/v1/ledger/verify')).body).toMatchObject({ ok: true, breaks: [] });
  expect(before.length).toBeLessThan(acknowledged.length);
}, 180_000);

test('a backup of a ledger that is broken is made anew as it is, and told', async () => {
  await using fixture = await openFixture();
  await using folder = await temporaryFolder();
  const [to, again] = [join(folder.path, 'backup'), join(folder.path, 'again')];
  {
    await using log = await fixture.open();
    for (let batch = 0; batch < 3; batch += 1) await log.append(eventsOf(fixture.tenant, 20));
  }
  using tamper = openTamper(fixture);
  const [, row] = tamper.rows('block');
  if (row === undefined) throw new Error('no block');
  tamper.put('block', { ...row, bytes: flipped(row.bytes, 4_000) });
  await watchdesk('backup', to, '--data', fixture.host.dataDir);
  const failing = watchdesk('restore', to, '--data', again);
  const { code, stdout } = await failing.then(String, (error) => error);
  expect(code).toBe(1);
  expect(JSON.parse(stdout).ledger.tenants[0].breaks[0]).toMatchObject({ kind: 'altered' });
  expect(await readdir(again)).toContain('ledger');
});

test('a database that somebody keeps locked is named, and what to do', async () => {
  await using fixture = await openFixture();
  await using folder = await temporaryFolder();
  await using log = await fixture.open();
  await log.append(eventsOf(fixture.tenant, 1));
  const { dataDir } = fixture.host;
  using other = new DatabaseSync(join(dataDir, 'ledger/tables.sqlite'));
  other.exec('BEGIN IMMEDIATE');
  const failing = watchdesk('backup', join(folder.path, 'backup'), '--data', dataDir);
  const { code, stderr } = await failing.then(String, (error) => error);
  expect(code).toBe(2);
  expect(stderr).toMatch(/ledger\/tables\.sqlite cannot be locked: .* try again/);
  other.exec('ROLLBACK');
});

function mailOf(number: string) {
  const text = `CALL: FIRE ALARM\nADDR: 12 MILL RD\nCITY: FAIRVALE\nID: ${number}\nINFO: test`;
  return { subject: 'Dispatch', text, messageId: `<${number}@cad.fairvale.example>` };
}
