/**
 * A program that knows nothing of the project checks a log as it is served. Where Go is missing the
 * suite is left out, which shows; with `CI` set it fails instead.
 */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { verifierKeyOf } from '#services/ledger/chain/note.ts';
import { hasGo } from '#test/support/engines.ts';
import { temporaryFolder } from '#test/support/folder.ts';
import { eventsOf } from './fixture.ts';
import { openPublicLog, type PublicLog } from './public-log.ts';

const source = new URL('third-party', import.meta.url).pathname;
/** One full tile of 256 full tiles below it, and some: three levels. */
const ENTRIES = 65_536 + 700;
const OLDER_ENTRIES = 300;

interface Outcome {
  readonly ok: boolean;
  /** The report, or what was wrong. */
  readonly text: string;
}

describe.skipIf(!hasGo())('a third party’s verifier', () => {
  const stack = new AsyncDisposableStack();
  let log: PublicLog;
  let program: string;
  let older: string;
  let vkey: string;

  beforeAll(async () => {
    const folder = stack.use(await temporaryFolder());
    program = join(folder.path, 'third-party');
    older = join(folder.path, 'older');
    await promisify(execFile)('go', ['build', '-mod=readonly', '-o', program, '.'], {
      cwd: source,
    });
    log = stack.use(await openPublicLog());
    await log.append(eventsOf(log.tenant, OLDER_ENTRIES));
    await log.published(OLDER_ENTRIES);
    await writeFile(older, (await log.fetch('checkpoint')).bytes);
    await log.append(eventsOf(log.tenant, ENTRIES));
    await log.published(ENTRIES);
    vkey = (await log.admin.get('/v1/ledger/checkpoint')).body.verifierKey;
  }, 300_000);
  afterAll(() => stack.disposeAsync());

  async function run(about: { prefix?: string; vkey?: string; older?: string } = {}) {
    const prefix = about.prefix ?? `${log.origin}/log/${log.id}`;
    const args = ['-log', prefix, '-vkey', about.vkey ?? vkey, '-older', about.older ?? older];
    const env = { ...process.env, LOG_KEY: log.key };
    return promisify(execFile)(program, args, { env }).then(
      ({ stdout }): Outcome => ({ ok: true, text: stdout }),
      ({ stderr }: { readonly stderr: string }): Outcome => ({ ok: false, text: stderr }),
    );
  }

  test('accepts the log as it is served', async () => {
    const { ok, text } = await run();
    expect(ok, text).toBe(true);
    const report = JSON.parse(text);
    expect(report).toMatchObject({ origin: `${log.host}/log/${log.id}`, entries: report.size });
    expect(report.size).toBeGreaterThanOrEqual(ENTRIES + OLDER_ENTRIES);
    expect(report.proved).toBeGreaterThan(30);
    expect(report.from).toBeGreaterThanOrEqual(OLDER_ENTRIES);
  });

  test('does not accept it under another key', async () => {
    const name = `${log.host}/log/${log.id}`;
    const { ok, text } = await run({ vkey: verifierKeyOf({ name, publicKey: randomBytes(32) }) });
    expect(ok).toBe(false);
    expect(text).toContain('no verifiable signatures');
  });

  test('does not accept an older checkpoint that was altered', async () => {
    const altered = `${older}-altered`;
    const text = (await log.fetch('checkpoint')).bytes.toString();
    await writeFile(altered, text.replace(/\n\d+\n/, '\n77\n'));
    expect(await run({ older: altered })).toMatchObject({ ok: false });
  });

  test.each([
    ['a leaf', 'tile/0/007', 33],
    ['a node above', 'tile/1/000', 40 * 32],
    ['an entry', 'tile/entries/002', 100],
    ['the signature', 'checkpoint', -20],
    ['the root', 'checkpoint', 100],
  ])('notices that %s was altered on the way', async (_what, path, at) => {
    await using altering = await openAltering(log, path, at);
    const { ok, text } = await run({ prefix: altering.prefix });
    expect(ok, text).toBe(false);
    expect(altering.altered()).toBeGreaterThan(0);
  });
});

/** Stands between the log and who reads it, and flips a bit in one of the files. */
async function openAltering(log: PublicLog, path: string, at: number) {
  let altered = 0;
  const server = createServer(async (request, response) => {
    const asked = (request.url ?? '').slice(1);
    const key = request.headers.authorization?.replace('Bearer ', '');
    const { status, headers, bytes } = await log.fetch(asked, key);
    if (asked === path) {
      const place = at < 0 ? bytes.length + at : at;
      bytes[place] = (bytes[place] ?? 0) ^ 1;
      altered += 1;
    }
    const type = headers.get('content-type') ?? '';
    response.writeHead(status, { 'content-type': type }).end(bytes);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    prefix: `http://127.0.0.1:${port}`,
    altered: () => altered,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
