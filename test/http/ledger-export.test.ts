/** Pulling the ledger as a collector does, against everything in one process. */
import { hash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openAll } from '#services/all.ts';
import { verifyNote } from '#services/ledger/portable/verify.ts';
import { canonicalText } from '#shared/canonical.ts';
import { type Department, makeDepartment } from '#test/demo/scenario.ts';
import { type Api, signIn, until, withKey } from '#test/support/api.ts';
import { temporaryFolder } from '#test/support/folder.ts';

const stack = new AsyncDisposableStack();
let department: Department;

beforeAll(async () => {
  const folder = stack.use(await temporaryFolder());
  const listen = { host: '127.0.0.1', port: 0 };
  const settings = { dataDir: folder.path, http: listen, smtp: listen, logLevel: 'silent' };
  const { origin, smtpPort } = await openAll(stack, settings);
  const firstRun = JSON.parse(await readFile(join(folder.path, 'first-run.json'), 'utf8'));
  const platform = await signIn(origin, firstRun.email, firstRun.password);
  const stage = { origin, smtpPort, firstRun, tell: () => undefined };
  department = await makeDepartment(stage, platform, 'fairvale');
}, 60_000);

afterAll(() => stack.disposeAsync());

/** Pulls until there is no next part; answers the lines of each. */
async function pull(api: Api, path: string): Promise<string[][]> {
  const parts: string[][] = [];
  for (let next: string | undefined = path; next !== undefined; ) {
    const answer = await api.get(next);
    expect(answer.status, JSON.stringify(answer.body)).toBe(200);
    parts.push(answer.body.split('\n').slice(0, -1));
    next = /^<([^>]+)>; rel="next"$/.exec(answer.headers.get('link') ?? '')?.[1];
  }
  return parts;
}

/** RFC 9162 section 2.1.1, word by word. */
function rootOf(entries: readonly Buffer[]): Buffer {
  const [only] = entries;
  if (only === undefined) return hash('sha256', '', 'buffer');
  if (entries.length === 1) return sha256([Buffer.of(0), only]);
  const split = 2 ** Math.ceil(Math.log2(entries.length) - 1);
  return sha256([Buffer.of(1), rootOf(entries.slice(0, split)), rootOf(entries.slice(split))]);
}

function sha256(pieces: readonly Uint8Array[]): Buffer {
  return hash('sha256', Buffer.concat(pieces), 'buffer');
}

describe('GET /v1/ledger/export', () => {
  test('the parts make the whole ledger, down to the root of a signed checkpoint', async () => {
    const parts = await pull(department.reviewer, '/v1/ledger/export?limit=4');
    expect(parts.length).toBeGreaterThan(2);
    const entries: Buffer[] = [];
    const heads: { size: number; root: string; note: string; verifierKey: string }[] = [];
    for (const lines of parts) {
      const end = JSON.parse(lines.pop() ?? '');
      expect(end).toMatchObject({ count: lines.length, first: entries.length });
      for (const line of lines) {
        const { seq, leafHash, entry, checkpoint } = JSON.parse(line);
        const bytes = Buffer.from(canonicalText(entry));
        expect([seq, entry.seq]).toEqual([entries.length, entries.length]);
        expect(sha256([Buffer.of(0), bytes]).toString('hex')).toBe(leafHash);
        expect(checkpoint).toEqual({ size: end.checkpoint.size, root: end.checkpoint.root });
        entries.push(bytes);
      }
      expect(end.checkpoint.size).toBeGreaterThanOrEqual(entries.length);
      heads.push(end.checkpoint);
    }
    // What the last parts wrote may have been signed already; the earlier heads are all within.
    const within = heads.filter(({ size }) => size <= entries.length);
    expect(within.length).toBeGreaterThan(0);
    for (const { size, root, note: checkpoint, verifierKey } of within) {
      expect(rootOf(entries.slice(0, size)).toString('hex')).toBe(root);
      const verdict = await verifyNote({ checkpoint, verifierKey });
      expect(verdict).toMatchObject({ ok: true, head: { size } });
    }
  });

  test('goes on behind the sequence that a collector has, and says nothing when there is nothing', async () => {
    const first = await department.reviewer.get('/v1/ledger/export?format=ocsf&limit=3');
    expect(first.headers.get('content-type')).toMatch(/^application\/x-ndjson/);
    const last = JSON.parse(first.body.trimEnd().split('\n').at(-1)).metadata.sequence;
    expect(last).toBe(2);
    const second = await department.reviewer.get('/v1/ledger/export?format=cef&after=2&limit=2');
    expect(second.headers.get('content-type')).toBe('text/plain; charset=utf-8');
    expect(second.body).toMatch(/^CEF:0\|.* cn1=3 .*\nCEF:0\|.* cn1=4 .*\n$/);
    const none = await department.reviewer.get('/v1/ledger/export?format=cef&after=999999');
    expect([none.status, none.body, none.headers.get('link')]).toEqual([200, '', null]);
  });

  test('is an event with the range that went out', async () => {
    await department.reviewer.get('/v1/ledger/export?after=1&limit=2');
    const path = '/v1/ledger/entries?action=ledger.entry.exported';
    const found = await until(
      'the export in the ledger',
      () => department.admin.get(`${path}&address=127.0.0.1`),
      ({ body }) => body.items.length > 0,
    );
    // Whoever came from somewhere else did not do it.
    expect((await department.admin.get(`${path}&address=192.0.2.1`)).body.items).toEqual([]);
    expect(found.body.items[0]).toMatchObject({ outcome: 'success', object: { type: 'ledger' } });
    // Format and range are two commitments.
    expect(found.body.items[0].sd).toHaveLength(2);
  });

  test('is for who may export: administrators, reviewers, and keys with that scope', async () => {
    const refused = await department.officer.get('/v1/ledger/export');
    expect([refused.status, refused.body.code]).toEqual([403, 'forbidden']);
    for (const [scope, status] of [
      ['ledger:export', 200],
      ['ledger:read', 403],
    ] as const) {
      const asked = { name: `collector ${scope}`, scopes: [scope] };
      const { body } = await department.admin.post('/v1/api-keys', asked);
      const collector = withKey(department.admin.origin, body.key);
      expect((await collector.get('/v1/ledger/export')).status, scope).toBe(status);
    }
  });

  test.each(['format=xml', 'limit=1', 'limit=1001', 'after=-1', 'after=x', 'cursor=1'])(
    'refuses %s',
    async (query) => {
      const answer = await department.reviewer.get(`/v1/ledger/export?${query}`);
      expect([answer.status, answer.body.code]).toEqual([400, 'validation']);
    },
  );
});
