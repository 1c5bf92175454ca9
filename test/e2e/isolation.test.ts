/**
 * Made from the table of operations: every operation, at every place where an id can stand, asked by
 * an administrator of one department for things of another. A new operation is covered from its
 * declaration on; one whose ids this suite does not know fails it.
 */
import { createHash, randomUUIDv7 } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { type Operation, pathWith } from '#contracts/operation.ts';
import { operations } from '#contracts/operations.ts';
import { openAll } from '#services/all.ts';
import {
  type Department,
  makeDepartment,
  makeSource,
  type Stage,
  sendMail,
} from '#test/demo/scenario.ts';
import { signIn, until } from '#test/support/api.ts';
import { temporaryFolder } from '#test/support/folder.ts';

const stack = new AsyncDisposableStack();
let owner: Department;
let stranger: Department;
/** Ids of things of the owner, by the second word of the operations that take them. */
let ids: Readonly<Record<string, string>>;

beforeAll(async () => {
  const folder = stack.use(await temporaryFolder());
  const listen = { host: '127.0.0.1', port: 0 };
  const settings = { dataDir: folder.path, http: listen, smtp: listen, logLevel: 'silent' };
  const { origin, smtpPort } = await openAll(stack, settings);
  const firstRun = JSON.parse(await readFile(join(folder.path, 'first-run.json'), 'utf8'));
  const stage: Stage = { origin, smtpPort, firstRun, tell: () => undefined };
  const platform = await signIn(origin, firstRun.email, firstRun.password);
  owner = await makeDepartment(stage, platform, 'fairvale');
  stranger = await makeDepartment(stage, platform, 'elsewhere');
  ids = await makeThings(owner, smtpPort);
}, 60_000);

afterAll(() => stack.disposeAsync());

async function makeThings({ admin, tenantId }: Department, smtpPort: number) {
  const source = await makeSource(admin);
  const mail = {
    subject: 'Dispatch',
    text: 'CALL: FIRE\nADDR: 12 MILL RD',
    messageId: '<1@x.example>',
  };
  await sendMail(smtpPort, source.address, mail);
  const messages = await until(
    'the mail',
    () => admin.get('/v1/cad/messages?status=processed'),
    ({ body }) => body.items.length === 1,
  );
  const [{ id: message, incidentId: incident }] = messages.body.items;
  const bytes = Buffer.from('notes');
  const file = await admin.post('/v1/files', {
    name: 'notes.txt',
    contentType: 'text/plain',
    sizeBytes: bytes.length,
    sha256: createHash('sha256').update(bytes).digest('hex'),
    attachTo: { type: 'incident', id: incident },
  });
  const { method, url, headers } = file.body.upload;
  await fetch(url, { method, headers, body: bytes });
  const key = await admin.post('/v1/api-keys', { name: 'desk', scopes: ['incidents:read'] });
  const expungement = await until(
    'values of the incident in the ledger',
    () =>
      admin.post('/v1/ledger/expungements', {
        scope: { objectType: 'incident', objectId: incident },
        order: '2031-CV-17',
        reason: 'test',
      }),
    ({ status }) => status === 201,
  );
  const hold = await admin.post('/v1/legal-holds', {
    reference: '2031-CV-17',
    reason: 'test',
    scope: { classes: ['ledger'] },
  });
  const step = { id: randomUUIDv7(), state: 'queued', command: 'page station 3', incident };
  const command = await admin.post('/v1/ledger/commands', step);
  const profile = await admin.post('/v1/cad/profiles', { id: 'fairvale-pages', body: 'any' });
  const users = await admin.get('/v1/users');
  return {
    incident,
    message,
    source: source.id,
    profile: profile.body.id,
    'code-table': source.id,
    file: file.body.id,
    user: users.body.items[0].id,
    // None is suppressed; with a real one it is shown in test/http/mail-feedback.
    suppression: users.body.items[0].id,
    'api-key': key.body.id,
    expungement: expungement.body.id,
    'legal-hold': hold.body.id,
    command: command.body.id,
    // There is none before a year has passed; with a real one it is shown in test/ledger/purges.
    purge: randomUUIDv7(),
    tenant: tenantId,
  };
}

const withHttp = operations.flatMap((operation) =>
  operation.http === undefined ? [] : [{ operation, http: operation.http, name: operation.name }],
);

/** Operations whose parameter is no id of a tenant's thing. */
const noIdOfATenant = new Set([
  // A sequence number is looked up in the caller's own chain.
  'ledger.entry.read',
  'ledger.entry.prove',
  'ledger.entry.disclose',
  // The opaque id of a log is public. That its entries are not is shown in test/ledger/log-files.
  'ledger.checkpoint.fetch',
  'ledger.tile.fetch',
  'ledger.tile.fetch-entries',
  // The token is the authority; whoever has it was invited.
  'gateway.invitation.accept',
]);

describe('things of another department', () => {
  const taking = withHttp
    .filter(({ http }) => http.path.includes('{'))
    .filter(({ name }) => !noIdOfATenant.has(name));

  test.each(taking)('$name answers 404 or 403', async ({ operation, http }) => {
    const [, resource = ''] = operation.name.split('.');
    const id = ids[resource];
    expect(id, `this suite knows no ${resource}: add one to makeThings`).toBeDefined();
    const path = pathWith(http.path, (name) => (name === 'id' ? (id ?? '') : '1'));
    const body = operation.hasBody ? bodyOf(operation) : undefined;
    const answer = await stranger.admin.request(http.method, path, { body });
    expect([403, 404], JSON.stringify(answer.body)).toContain(answer.status);
    expect(JSON.stringify(answer.body)).not.toContain('MILL');
  });

  test('the owner reaches the same things, so the ids are right', async () => {
    for (const path of [
      `/v1/incidents/${ids.incident}`,
      `/v1/cad/messages/${ids.message}`,
      `/v1/cad/sources/${ids.source}`,
      `/v1/cad/profiles/${ids.profile}`,
      `/v1/files/${ids.file}`,
      `/v1/users/${ids.user}`,
      `/v1/legal-holds/${ids['legal-hold']}`,
    ]) {
      expect((await owner.admin.get(path)).status, path).toBe(200);
    }
  });

  test('no list shows them, also when asked by an id in the query', async () => {
    const lists = withHttp.filter(({ name }) => name.endsWith('.list'));
    expect(lists.length).toBeGreaterThan(4);
    for (const { http, name } of lists) {
      const asked = name === 'cad-ingest.message.list' ? `?sourceId=${ids.source}` : '';
      const { status, body } = await stranger.admin.get(`${http.path}${asked}`);
      if (status === 403) continue;
      expect(status, name).toBe(200);
      for (const id of Object.values(ids)) expect(JSON.stringify(body), name).not.toContain(id);
    }
  });

  test('a file cannot be attached to them', async () => {
    const { status } = await stranger.admin.post('/v1/files', {
      name: 'notes.txt',
      contentType: 'text/plain',
      sizeBytes: 5,
      sha256: createHash('sha256').update('notes').digest('hex'),
      attachTo: { type: 'incident', id: ids.incident },
    });
    expect(status).toBe(404);
  });

  test('searching the ledger for them finds nothing', async () => {
    const path = `/v1/ledger/entries?objectType=incident&objectId=${ids.incident}`;
    expect((await stranger.admin.get(path)).body.items).toEqual([]);
  });
});

/** A body that the operation takes, so that a refusal is not for the body's sake. */
function bodyOf(operation: Operation): unknown {
  const candidates = [
    { reason: 'test' },
    { email: 'chief@fairvale.example' },
    { name: 'Test' },
    { channel: 'TAC 2' },
    { id: 'fairvale-pages', body: 'any' },
    { profile: null },
    {},
  ];
  const found = candidates.find((candidate) => operation.body.safeParse(candidate).success);
  if (found !== undefined) return found;
  const schema = JSON.stringify(z.toJSONSchema(operation.body, { unrepresentable: 'any' }));
  throw new Error(`${operation.name}: this suite knows no body for ${schema}`);
}
