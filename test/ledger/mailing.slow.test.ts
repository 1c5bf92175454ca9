/** Mail of the ledger, through a real gateway that keeps the addresses, into a folder. */
import { execFile } from 'node:child_process';
import { randomUUIDv7 } from 'node:crypto';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { simpleParser } from 'mailparser';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { changeLedgerMail, readLedgerMail } from '#contracts/ledger-mail.ts';
import { sendNotice } from '#contracts/notices.ts';
import { type LedgerParts, openLogs } from '#services/ledger/log/logs.ts';
import { openMailing } from '#services/ledger/mail/mailing.ts';
import { verifyNote } from '#services/ledger/portable/verify.ts';
import { weekAt } from '#services/ledger/reviews/week.ts';
import { jobCaller, openClient } from '#shared/client.ts';
import { openContextSigner } from '#shared/context.ts';
import type { OutgoingMail } from '#shared/ports/mailer.ts';
import { Problem } from '#shared/problem.ts';
import { person } from '#test/support/host.ts';
import { openTestGateway, type TestGateway } from '#test/support/http.ts';
import { eventsOf } from './fixture.ts';
import { codeOf, openServing } from './serving.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

type Settings = {
  readonly checkpoints: 'off' | 'daily' | 'weekly';
  readonly reviewReminders: boolean;
};

let gateway: TestGateway;
let parts: LedgerParts;
/** The relay is down for these. */
let fails: (mail: OutgoingMail) => boolean = () => false;

beforeAll(async () => {
  gateway = await openTestGateway(({ host }) => ({
    mailer: {
      ...host.mailer,
      async send(mail) {
        if (fails(mail)) throw new Problem('unavailable');
        return host.mailer.send(mail);
      },
    },
  }));
  const { blobs: checkpoints } = await gateway.test.host.blobs('checkpoints');
  const own = await gateway.test.parts('ledger');
  parts = { ...own, checkpoints, host: () => 'ledger.example' };
});
afterAll(() => gateway[Symbol.asyncDispose]());

/** Rows as invitations leave them, without the work of making passwords. */
async function makeDepartment(slug: string): Promise<string> {
  const tenant = randomUUIDv7();
  const createdAt = new Date().toISOString();
  const timeZone = 'America/Chicago';
  const people = [
    { name: 'chief', roles: ['admin'], status: 'active' },
    { name: 'reviewer', roles: ['reviewer'], status: 'active' },
    { name: 'officer', roles: ['officer'], status: 'active' },
    { name: 'gone', roles: ['reviewer'], status: 'deactivated' },
  ];
  const rows = [
    {
      kind: 'tenant',
      id: tenant,
      value: { slug, name: `Department ${slug}`, timeZone, createdAt },
    },
    ...people.map((who) => ({
      kind: 'user',
      id: randomUUIDv7(),
      value: { ...who, email: `${who.name}@${slug}.example`, createdAt },
    })),
  ];
  const changes = rows.map((put) => ({ put, expect: 0 }));
  await gateway.tables.forTenant(tenant).write({ changes, events: [], unaudited: 'test' });
  return tenant;
}

/** A department with a log, and a ledger that mails. */
async function openDesk() {
  await using opened = new AsyncDisposableStack();
  fails = () => false;
  const { test: testHost } = gateway;
  const slug = `d${randomUUIDv7().slice(-8)}`;
  const tenant = await makeDepartment(slug);
  const signer = openContextSigner(testHost.host.vault, 'ledger', testHost.clock);
  const client = openClient(testHost.host.bus, signer);
  /** As one process has it. */
  const openLedgerMail = () => {
    const logs = openLogs(parts);
    const mailing = openMailing({ parts, logs, client }, { isRunning: false });
    return { logs, mailing, [Symbol.asyncDispose]: () => logs[Symbol.asyncDispose]() };
  };
  const { logs, mailing } = opened.use(openLedgerMail());
  await logs.use(tenant, (log) => log.append(eventsOf(tenant, 3)));
  const rows = parts.tables.forTenant(tenant);
  const set = async (settings: Settings) => {
    const key = { kind: 'mail-settings', id: 'settings' };
    const expect = (await rows.get(key))?.version ?? 0;
    const value = { ...settings, changedAt: new Date(testHost.clock()).toISOString() };
    const changes = [{ put: { ...key, value }, expect }];
    await rows.write({ changes, events: [], unaudited: 'test' });
  };
  const mails = async () => {
    const folder = join(testHost.dataDir, 'mail-out');
    const files = (await readdir(folder)).map((file) => readFile(join(folder, file)));
    const all = await Promise.all((await Promise.all(files)).map((bytes) => simpleParser(bytes)));
    return all
      .map(({ to, subject = '', text = '', attachments }) => ({
        to: [to].flat()[0]?.text ?? '',
        subject,
        text,
        attachments,
      }))
      .filter(({ to }) => to.endsWith(`@${slug}.example`));
  };
  const stack = opened.move();
  return {
    tenant,
    rows,
    mailing,
    openLedgerMail: () => stack.use(openLedgerMail()),
    set,
    mails,
    client,
    names: async () => (await mails()).map(({ to }) => to.split('@')[0]).toSorted(),
    goOn: (ms: number) => gateway.advance(ms),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

const off: Settings = { checkpoints: 'off', reviewReminders: false };
const daily: Settings = { checkpoints: 'daily', reviewReminders: false };
const reminding: Settings = { checkpoints: 'off', reviewReminders: true };

describe('checkpoints by mail', () => {
  test('are not sent unless the department asks for them, and then from the next morning on', async () => {
    await using desk = await openDesk();
    await desk.set(off);
    await desk.goOn(DAY_MS);
    await desk.mailing.round();
    expect(await desk.mails()).toEqual([]);
    await desk.set(daily);
    await desk.mailing.round();
    expect(await desk.mails()).toEqual([]);
    await desk.goOn(DAY_MS);
    await desk.mailing.round();
    await desk.mailing.round();
    expect(await desk.names()).toEqual(['reviewer']);
    await desk.goOn(DAY_MS);
    await desk.mailing.round();
    expect(await desk.mails()).toHaveLength(2);
  });

  test('hold the signed note, which anybody can check by what the mail says', async () => {
    await using desk = await openDesk();
    await desk.set(daily);
    await desk.goOn(DAY_MS);
    await desk.mailing.round();
    const [mail] = await desk.mails();
    const [attachment] = mail?.attachments ?? [];
    const note = attachment?.content.toString() ?? '';
    const [, key = ''] = / --key (\S+)/.exec(mail?.text ?? '') ?? [];
    expect(await verifyNote({ checkpoint: note, verifierKey: key })).toMatchObject({
      ok: true,
      head: { size: 3 },
    });
    const file = join(gateway.test.dataDir, attachment?.filename ?? '');
    await writeFile(file, attachment?.content ?? '');
    const command = ['services/cli.ts', 'checkpoint', 'verify', file, '--key', key];
    const { stdout } = await promisify(execFile)(process.execPath, command);
    expect(JSON.parse(stdout)).toMatchObject({ ok: true, size: 3 });
  });

  test('say nothing of anybody: ids, sizes and dates', async () => {
    await using desk = await openDesk();
    await desk.set(daily);
    await desk.goOn(DAY_MS);
    await desk.mailing.round();
    const said = (await desk.mails()).map(({ subject, text }) => `${subject} ${text}`).join();
    for (const word of ['i-1', 'incident', 'FIRE', 'core-records', 'Department', desk.tenant]) {
      expect(said).not.toContain(word);
    }
  });
});

describe('a reminder of a review', () => {
  test('goes once to each reviewer and administrator, also with two ledgers at a time', async () => {
    await using desk = await openDesk();
    await desk.set(reminding);
    await desk.goOn(9 * DAY_MS);
    const other = desk.openLedgerMail();
    await Promise.all([desk.mailing.round(), other.mailing.round()]);
    // Who found a person taken by the other one comes again.
    await desk.goOn(6 * MINUTE_MS);
    await Promise.all([desk.mailing.round(), other.mailing.round()]);
    const mails = await desk.mails();
    expect(await desk.names()).toEqual(['chief', 'reviewer']);
    expect(new Set(mails.map(({ subject }) => subject)).size).toBe(1);
    await gateway.settled();
    const sent = gateway.ledger.filter(
      ({ action, tenant }) => action === 'gateway.notice.sent' && tenant === desk.tenant,
    );
    expect(sent).toHaveLength(2);
    expect(sent[0]?.actor).toMatchObject({ type: 'service', id: 'ledger' });
    await desk.goOn(7 * DAY_MS);
    await desk.mailing.round();
    expect(await desk.mails()).toHaveLength(4);
  });

  test('does not come when the week is signed off, or before the log began', async () => {
    await using desk = await openDesk();
    await desk.set(reminding);
    await desk.mailing.round();
    expect(await desk.mails()).toEqual([]);
    const week = weekAt(gateway.test.clock()).name;
    await desk.goOn(9 * DAY_MS);
    const value = {
      week,
      at: new Date(gateway.test.clock()).toISOString(),
      by: { id: desk.tenant },
    };
    const put = { kind: 'review', id: week, value };
    await desk.rows.write({ changes: [{ put, expect: 0 }], events: [], unaudited: 'test' });
    await desk.mailing.round();
    const subjects = (await desk.mails()).map(({ subject }) => subject);
    expect(subjects.filter((subject) => subject.includes(week))).toEqual([]);
  });

  test('that a relay did not take goes out later, and nobody else gets it again', async () => {
    await using desk = await openDesk();
    fails = ({ to }) => to.startsWith('reviewer');
    await desk.set(reminding);
    await desk.goOn(9 * DAY_MS);
    await desk.mailing.round();
    expect(await desk.names()).toEqual(['chief']);
    fails = () => false;
    await desk.goOn(6 * MINUTE_MS);
    await desk.mailing.round();
    await desk.mailing.round();
    expect(await desk.names()).toEqual(['chief', 'reviewer']);
  });
});

describe('a notice', () => {
  const body = { kind: 'test-notice', roles: ['admin' as const], subject: 'Test', text: 'Test' };

  test('is sent for the ledger alone: no other service, no person', async () => {
    await using desk = await openDesk();
    const { host, client } = gateway.test;
    const notice = { body: { ...body, key: '2031-01-01' } };
    const admin = person({ tenant: desk.tenant, roles: ['admin'] });
    expect(await codeOf(client.call(sendNotice, notice, admin))).toBe('forbidden');
    const signer = openContextSigner(host.vault, 'files', gateway.test.clock);
    const files = openClient(host.bus, signer);
    const call = files.call(sendNotice, notice, jobCaller('files', { tenant: desk.tenant }));
    expect(await codeOf(call)).toBe('forbidden');
  });

  test('that is older than the last one of its kind is not sent any more', async () => {
    await using desk = await openDesk();
    const caller = jobCaller('ledger', { tenant: desk.tenant });
    const send = async (key: string) =>
      (await desk.client.call(sendNotice, { body: { ...body, key } }, caller)).body;
    expect(await send('2031-01-02')).toEqual({ sent: 1, withheld: 0, repeated: 0, left: 0 });
    expect(await send('2031-01-02')).toEqual({ sent: 0, withheld: 0, repeated: 1, left: 0 });
    expect(await send('2031-01-01')).toEqual({ sent: 0, withheld: 0, repeated: 1, left: 0 });
    expect(await send('2031-01-03')).toEqual({ sent: 1, withheld: 0, repeated: 0, left: 0 });
  });
});

describe('what mail the ledger sends', () => {
  test('is set by administrators, under a version, on record', async () => {
    await using serving = await openServing();
    const { as, someone } = serving;
    const [admin, reviewer] = [someone('admin'), someone('reviewer')];
    expect(await as(reviewer)(readLedgerMail)).toEqual({
      version: 1,
      checkpoints: 'off',
      reviewReminders: true,
    });
    const chosen = { checkpoints: 'weekly' as const, reviewReminders: false };
    expect(await codeOf(as(reviewer)(changeLedgerMail, { body: chosen }))).toBe('forbidden');
    const changed = await as(admin)(changeLedgerMail, { body: chosen });
    expect(changed).toMatchObject({ ...chosen, version: 2 });
    expect(await as(admin)(changeLedgerMail, { body: chosen })).toEqual(changed);
    expect(await as(reviewer)(readLedgerMail)).toEqual(changed);
    const { client } = serving.host;
    const stale = client.call(changeLedgerMail, { body: daily }, admin, { ifMatch: 1 });
    expect(await codeOf(stale)).toBe('version-mismatch');
    expect(await serving.entries('ledger.mail.changed', 1)).toHaveLength(1);
  });
});
