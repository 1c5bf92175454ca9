import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { AuditEvent } from '#contracts/audit-event.ts';
import { appendEvents } from '#contracts/ledger.ts';
import { openGateway } from '#services/gateway/service.ts';
import { findOpaqueId } from '#services/ledger/log/store.ts';
import { parseTreeHead } from '#services/ledger/portable/checkpoint.ts';
import { parseNote } from '#services/ledger/portable/note.ts';
import { openLedger } from '#services/ledger/service.ts';
import { type Client, jobCaller } from '#shared/client.ts';
import type { Tables } from '#shared/ports/tables.ts';
import { type Api, signIn, until, withKey } from '#test/support/api.ts';
import { openTestHost, type TestHost } from '#test/support/host.ts';
import { openDepartment, openPerson } from '#test/support/http.ts';

/** A department's log behind a real gateway, as strangers and reviewers reach it. */
export interface PublicLog extends AsyncDisposable {
  readonly test: TestHost;
  readonly origin: string;
  readonly host: string;
  readonly tenant: string;
  /** The opaque id. */
  readonly id: string;
  readonly client: Client;
  readonly tables: Tables;
  readonly platform: Api;
  readonly admin: Api;
  /** Somebody of the department who may not read the ledger. */
  readonly officer: Api;
  /** API keys: of the department's administrator, and of another department's. */
  readonly key: string;
  readonly strangersKey: string;
  append(events: readonly AuditEvent[]): Promise<void>;
  /** Resolves when a checkpoint speaks of so many entries. */
  published(size: number): Promise<void>;
  fetch(path: string, key?: string, id?: string): Promise<Fetched>;
  head(): Promise<{ readonly size: number; readonly root: Uint8Array }>;
  /** The first items of a hash tile; all of them when it has that many. */
  items(level: number, tile: number, width: number): Promise<Buffer[]>;
  /** Resolves when no event waits for the ledger any more. */
  settled(): Promise<void>;
  search(action: string): Promise<readonly object[]>;
}

interface Fetched {
  readonly status: number;
  readonly headers: Headers;
  readonly bytes: Buffer;
}

type Overrides = Partial<Omit<Parameters<typeof openLedger>[0], 'name'>>;

export async function openPublicLog(overrides: Overrides = {}): Promise<PublicLog> {
  await using opened = new AsyncDisposableStack();
  const test = opened.use(await openTestHost());
  let host = '';
  const { blobs: checkpoints } = await test.host.blobs('checkpoints');
  const parts = { ...(await test.parts('ledger')), checkpoints, host: () => host, ...overrides };
  opened.use(await openLedger(parts));
  const firstRunFile = join(test.dataDir, 'first-run.json');
  const gatewayParts = await test.parts('gateway');
  const gateway = opened.use(
    await openGateway({
      ...gatewayParts,
      http: { host: '127.0.0.1', port: 0 },
      doors: {},
      cache: test.host.cache,
      mailer: test.host.mailer,
      firstRunFile,
    }),
  );
  const { origin } = gateway;
  host = new URL(origin).host;
  const firstRun = JSON.parse(await readFile(firstRunFile, 'utf8'));
  const platform = await signIn(origin, firstRun.email, firstRun.password);
  const people = await openPeople(origin, platform);
  const { tenant } = people;
  const id = await until(
    'the opaque id',
    async () => (await findOpaqueId(parts.tables, tenant)) ?? '',
    (found) => found !== '',
  );
  const stack = opened.move();

  const fetchFile: PublicLog['fetch'] = async (path, key, of = id) => {
    const headers: Record<string, string> = key ? { authorization: `Bearer ${key}` } : {};
    const answer = await fetch(`${origin}/log/${of}/${path}`, { headers, redirect: 'manual' });
    const bytes = Buffer.from(await answer.arrayBuffer());
    return { status: answer.status, headers: answer.headers, bytes };
  };
  const head = async () => {
    const { bytes } = await fetchFile('checkpoint');
    const found = parseTreeHead(parseNote(bytes.toString())?.text ?? '');
    return found ?? { size: 0, root: new Uint8Array() };
  };
  return {
    test,
    origin,
    host,
    id,
    client: test.client,
    tables: parts.tables,
    platform,
    ...people,
    fetch: fetchFile,
    head,
    async append(events) {
      const caller = jobCaller('core-records', { tenant });
      for (let at = 0; at < events.length; at += 256) {
        const body = { events: events.slice(at, at + 256) };
        await test.client.call(appendEvents, { body }, caller);
      }
    },
    async published(size) {
      // Asking for the newest checkpoint signs the head as it is now.
      const { body } = await withKey(origin, people.key).get('/v1/ledger/checkpoint');
      assert.ok(body.size >= size, `the checkpoint has ${body.size} entries`);
    },
    async items(level, tile, width) {
      const number = String(tile).padStart(3, '0');
      const path = `tile/${level}/${number}${width === 256 ? '' : `.p/${width}`}`;
      const { bytes, status } = await fetchFile(path);
      assert.equal(status, 200, `${path} answered ${status}`);
      return Array.from({ length: width }, (_, at) => bytes.subarray(at * 32, (at + 1) * 32));
    },
    async settled() {
      const waiting = () =>
        Promise.all([gatewayParts, parts].map(({ tables }) => tables.outboxDepth()));
      const areNone = (depths: readonly { readonly events: number }[]) =>
        depths.every(({ events }) => events === 0);
      await until('events in the outboxes', waiting, areNone);
    },
    async search(action) {
      const path = `/v1/ledger/entries?action=${action}`;
      return (await withKey(origin, people.key).get(path)).body.items;
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

async function openPeople(origin: string, platform: Api) {
  const department = await openDepartment({ origin }, platform, 'fairvale');
  const stranger = await openDepartment({ origin }, platform, 'elsewhere');
  const { api: officer } = await openPerson(department, 'officer@fairvale.example', ['officer']);
  const admins = await department.admin.post('/v1/api-keys', {
    name: 'verifier',
    scopes: ['ledger:read', 'incidents:read'],
  });
  const strangers = await stranger.admin.post('/v1/api-keys', {
    name: 'verifier',
    scopes: ['ledger:read'],
  });
  return {
    tenant: department.id,
    admin: department.admin,
    officer,
    key: String(admins.body.key),
    strangersKey: String(strangers.body.key),
  };
}
