/** From what SES tells of a mail to the mail that is not sent any more, through a real gateway. */
import { randomUUIDv7 } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sendNotice } from '#contracts/notices.ts';
import type { Role } from '#contracts/permissions.ts';
import { addToDirectory, emailKey } from '#services/gateway/identity/rows.ts';
import { openAccountMail } from '#services/gateway/mail/account-mail.ts';
import { openFeedbackReader } from '#services/gateway/mail/feedback-reader.ts';
import { jobCaller, openClient } from '#shared/client.ts';
import { openContextSigner } from '#shared/context.ts';
import { openRelayMailer } from '#shared/embedded/mailer-relay.ts';
import { openQueue } from '#shared/embedded/queue.ts';
import type { Queue } from '#shared/ports/queue.ts';
import { Problem } from '#shared/problem.ts';
import { openApi, until } from '#test/support/api.ts';
import { temporaryFolder } from '#test/support/folder.ts';
import {
  openDepartment,
  openPerson,
  openTestGateway,
  platformOf,
  type TestDepartment,
  type TestGateway,
} from '#test/support/http.ts';
import { bounceOf, complaintOf, deliveryOf } from '#test/support/mail-feedback.ts';
import { openSmtpRelay } from '#test/support/smtp-relay.ts';

const PATH = '/v1/mail/suppressions';
const stack = new AsyncDisposableStack();
let gateway: TestGateway;
let department: TestDepartment;
let elsewhere: TestDepartment;
let feedback: Queue;

beforeAll(async () => {
  const folder = stack.use(await temporaryFolder());
  const file = join(folder.path, 'feedback.sqlite');
  const settings = { file, leaseMs: 30_000, triesMax: 5, clock: Date.now };
  feedback = stack.use(await openQueue(settings));
  gateway = stack.use(await openTestGateway({ rates: { signIn: 10_000 }, feedback }));
  const platform = await platformOf(gateway);
  department = await openDepartment(gateway, platform, 'bounce-fire');
  elsewhere = await openDepartment(gateway, platform, 'other-fire');
});
afterAll(() => stack.disposeAsync());

/** Rows as invitations leave them, without the work of making passwords. */
async function newPerson(role: Role = 'officer') {
  const id = randomUUIDv7();
  const email = `${id}@bounce-fire.example`;
  const createdAt = new Date().toISOString();
  const value = { email, name: 'Person', roles: [role], status: 'active', createdAt };
  await gateway.tables.forTenant(department.id).write({
    changes: [{ put: { kind: 'user', id, value }, expect: 0 }],
    directory: [addToDirectory(emailKey(email), department.id, id)],
    events: [],
    unaudited: 'test',
  });
  return { id, email };
}
/** The gateway's own relay finds the events soon enough. */
const idleRelay = {
  kick: () => undefined,
  receipt: async () => undefined,
  [Symbol.asyncDispose]: async () => undefined,
};
const now = () => new Date(gateway.test.clock());
const list = async (): Promise<{ id: string }[]> => (await department.admin.get(PATH)).body.items;
const listed = (id: string) =>
  until('the suppression', list, (items) => items.some((item) => item.id === id));
const emptied = () =>
  until(
    'the queue to be empty',
    () => feedback.depth(),
    ({ waiting, leased }) => waiting + leased === 0,
  );
async function count(kind: 'alarms_total{kind' | 'mails_total{outcome', name: string) {
  const text = await (await fetch(`${gateway.origin}/metrics`)).text();
  const line = text.split('\n').find((each) => each.startsWith(`watchdesk_${kind}="${name}"}`));
  return Number(line?.split(' ').at(-1) ?? 0);
}
async function eventsOf(action: string, userId: string) {
  await gateway.settled();
  return gateway.ledger.filter(
    (event) =>
      event.action === action &&
      (event.object.id === userId || JSON.stringify(namesIn(event.disclosures)).includes(userId)),
  );
}
const namesIn = (disclosures: readonly string[]) =>
  disclosures.map((text) => Buffer.from(text, 'base64url').toString());
async function mailsTo(address: string): Promise<number> {
  const folder = join(gateway.test.dataDir, 'mail-out');
  const files = (await readdir(folder)).map((name) => readFile(join(folder, name), 'utf8'));
  return (await Promise.all(files)).filter((text) => text.includes(`To: ${address}`)).length;
}
async function lock(email: string): Promise<void> {
  for (let tries = 0; tries < 5; tries += 1) {
    await openApi(gateway.origin).post('/v1/sessions', { email, password: 'wrong password' });
  }
}

describe('mail that came back for good', () => {
  test('is the last to the person: seen by administrators, told to the ledger and the alarms', async () => {
    const { id, email } = await newPerson();
    const before = await count('alarms_total{kind', 'mail-undeliverable');
    await feedback.send(bounceOf({ address: email.toUpperCase(), sentAt: now() }));
    const items = await listed(id);
    expect(items.find((item) => item.id === id)).toMatchObject({
      email,
      name: 'Person',
      reason: 'bounced',
    });
    const [event, ...others] = await eventsOf('gateway.mail.suppressed', id);
    expect(others).toEqual([]);
    expect(event).toMatchObject({
      tenant: department.id,
      actor: { type: 'service', id: 'gateway' },
      object: { type: 'user', id },
      reason: 'bounced',
    });
    expect(JSON.stringify(event)).not.toContain(email);
    expect(await count('alarms_total{kind', 'mail-undeliverable')).toBe(before + 1);
  });

  test('holds back the notice of a lock, which is an event then', async () => {
    const locked = 'locked@bounce-fire.example';
    const { id, email } = await openPerson(department, locked, ['officer']);
    await feedback.send(complaintOf({ address: email, sentAt: now() }));
    await listed(id);
    await lock(email);
    await until(
      'the event',
      () => eventsOf('gateway.notice.withheld', id),
      (events) => events.length === 1,
    );
    expect(await mailsTo(email)).toBe(0);
  });

  test('is told twice and heard once', async () => {
    const { id, email } = await newPerson();
    const message = bounceOf({ address: email, sentAt: now() });
    await feedback.send(message);
    await feedback.send(message);
    await feedback.send(complaintOf({ address: email, sentAt: now() }));
    await listed(id);
    await emptied();
    expect(await eventsOf('gateway.mail.suppressed', id)).toHaveLength(1);
    expect((await list()).filter((item) => item.id === id)).toMatchObject([{ reason: 'bounced' }]);
  });

  test('for somebody without an account is nothing', async () => {
    const before = await list();
    await feedback.send(bounceOf({ address: 'stranger@nowhere.example', sentAt: now() }));
    await emptied();
    expect(await list()).toEqual(before);
    expect(await feedback.depth()).toMatchObject({ dead: 0 });
  });
});

describe('what passes', () => {
  test.each([
    ['a full mailbox', 'delayed', (email: string) => bounceOf(about(email), 'Transient')],
    ['a delivery', 'delivered', (email: string) => deliveryOf(about(email))],
  ])('%s is counted, and holds back nothing', async (_what, outcome, messageFor) => {
    const { id, email } = await newPerson();
    const before = await count('mails_total{outcome', outcome);
    await feedback.send(messageFor(email));
    await emptied();
    expect(await count('mails_total{outcome', outcome)).toBe(before + 1);
    expect((await list()).map((item) => item.id)).not.toContain(id);
  });
  const about = (address: string) => ({ address, sentAt: now() });
});

test('what nobody can read goes to the dead letters, with an alarm, and holds up nothing', async () => {
  const { id, email } = await newPerson();
  const before = await count('alarms_total{kind', 'dead-letter');
  await feedback.send({ eventType: 'Bounce', bounce: 'what?' });
  await feedback.send(bounceOf({ address: email, sentAt: now() }));
  await listed(id);
  await until(
    'the dead letter',
    () => feedback.depth(),
    ({ waiting, leased, dead }) => dead === 1 && waiting + leased === 0,
  );
  expect(await count('alarms_total{kind', 'dead-letter')).toBe(before + 1);
});

describe('an administrator', () => {
  test('lets mail through again; what is told of older mail changes nothing, of newer it does', async () => {
    const { id, email } = await newPerson();
    const old = bounceOf({ address: email, sentAt: now() });
    await feedback.send(old);
    await listed(id);
    await gateway.advance(1_000);
    const { admin } = department;
    expect((await admin.request('DELETE', `${PATH}/${id}`)).status).toBe(204);
    expect((await list()).map((item) => item.id)).not.toContain(id);
    expect((await admin.request('DELETE', `${PATH}/${id}`)).status).toBe(404);
    const [lift] = await eventsOf('gateway.suppression.lifted', id);
    expect(lift).toMatchObject({ actor: { type: 'user' }, reason: 'was bounced' });
    await feedback.send(old);
    await emptied();
    expect((await list()).map((item) => item.id)).not.toContain(id);
    await gateway.advance(1_000);
    await feedback.send(bounceOf({ address: email, sentAt: now() }));
    await listed(id);
  });

  test('of another department sees and changes nothing, nor does an officer', async () => {
    const { id, email } = await newPerson();
    const { api } = await openPerson(department, 'officer@bounce-fire.example', ['officer']);
    await feedback.send(bounceOf({ address: email, sentAt: now() }));
    await listed(id);
    expect((await elsewhere.admin.get(PATH)).body.items).toEqual([]);
    expect((await elsewhere.admin.request('DELETE', `${PATH}/${id}`)).status).toBe(404);
    expect((await api.get(PATH)).status).toBe(403);
    expect((await api.request('DELETE', `${PATH}/${id}`)).status).toBe(403);
  });
});

test('a notice of another service is withheld once, and not asked for again', async () => {
  const { id, email } = await newPerson('reviewer');
  await feedback.send(bounceOf({ address: email, sentAt: now() }));
  await listed(id);
  const { host, clock } = gateway.test;
  const ledger = openClient(host.bus, openContextSigner(host.vault, 'ledger', clock));
  const body = { kind: 'test-notice', key: '2031-01-01', roles: ['reviewer' as const] };
  const send = async () => {
    const caller = jobCaller('ledger', { tenant: department.id });
    const notice = { body: { ...body, subject: 'Test', text: 'Test' } };
    return (await ledger.call(sendNotice, notice, caller)).body;
  };
  expect(await send()).toEqual({ sent: 0, withheld: 1, repeated: 0, left: 0 });
  expect(await send()).toEqual({ sent: 0, withheld: 0, repeated: 1, left: 0 });
  expect(await eventsOf('gateway.notice.withheld', id)).toHaveLength(1);
  expect(await mailsTo(email)).toBe(0);
});

test('a relay that knows of no such mailbox is asked once, and the mail is withheld', async () => {
  const { id, email } = await newPerson();
  let asked = 0;
  const recipient = () => {
    asked += 1;
    return '550 5.1.1 No such user';
  };
  await using server = await openSmtpRelay({ recipient });
  const from = { url: server.url, from: 'desk@watchdesk.example' };
  const clock = gateway.test.clock;
  await using mailer = await openRelayMailer({ relay: from, clock });
  const relay = { ...idleRelay, assertRoom: () => undefined };
  const parts = await gateway.test.parts('gateway');
  const mail = openAccountMail({ ...parts, relay, mailer });
  const to = { tenant: department.id, userId: id, email };
  const notice = { id: 'n-1', subject: 'Test', text: 'Test' };
  expect(await mail.send(to, notice)).toBe('withheld');
  expect(await mail.send(to, notice)).toBe('withheld');
  expect(asked).toBe(1);
  expect(await listed(id)).toContainEqual(expect.objectContaining({ id, reason: 'refused' }));
  expect(await eventsOf('gateway.mail.suppressed', id)).toMatchObject([{ reason: 'refused' }]);
});

test('while changes must wait for the ledger, feedback waits too, and is not lost', async () => {
  const { id, email } = await newPerson();
  let isBehind = true;
  const relay = {
    ...idleRelay,
    assertRoom() {
      if (isBehind) throw new Problem('ledger-behind');
    },
  };
  const read = openFeedbackReader({ ...(await gateway.test.parts('gateway')), relay });
  const message = bounceOf({ address: email, sentAt: now() });
  expect(await read(message, 1)).toEqual({ kind: 'again', delayMs: 5_000 });
  expect((await list()).map((item) => item.id)).not.toContain(id);
  isBehind = false;
  expect(await read(message, 2)).toEqual({ kind: 'done' });
  await listed(id);
});
