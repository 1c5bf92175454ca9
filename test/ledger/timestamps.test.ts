/** Timestamps of checkpoints, by an authority made of `openssl ts`. */
import { execFile, execFileSync } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openDaily } from '#services/ledger/checkpoints/daily.ts';
import { askForTimestamp } from '#services/ledger/checkpoints/timestamp-client.ts';
import { readTimestampSettings } from '#services/ledger/checkpoints/timestamp-settings.ts';
import { newestTimestamp, openTimestamping } from '#services/ledger/checkpoints/timestamps.ts';
import { openLogs } from '#services/ledger/log/logs.ts';
import { verifyTimestamp } from '#services/ledger/portable/timestamp.ts';
import { hasOpenssl } from '#test/support/engines.ts';
import { temporaryFolder } from '#test/support/folder.ts';
import {
  type AuthorityOptions,
  openTimestampAuthority,
  RSA_KEY,
  type TimestampAuthority,
} from '#test/support/timestamp-authority.ts';
import { eventsOf, openFixture } from './fixture.ts';

const BYTES = Buffer.from('ledger.example/log/00\n9\nq6ur\n\n— ledger.example/log/00 c2ln\n');
const run = promisify(execFile);

const stack = new AsyncDisposableStack();
let folder: string;
let authority: TimestampAuthority;

async function authorityOf(options: AuthorityOptions = {}): Promise<TimestampAuthority> {
  const place = stack.use(await temporaryFolder());
  return stack.use(await openTimestampAuthority(place.path, options));
}

const opensslFound = hasOpenssl();
beforeAll(async () => {
  folder = stack.use(await temporaryFolder()).path;
  if (opensslFound) authority = await authorityOf();
});
afterAll(() => stack.disposeAsync());

const ask = (from = authority, policy?: string) =>
  askForTimestamp({ url: from.url, roots: from.roots, policy }, BYTES, {
    nowMs: Date.now(),
    stop: new AbortController().signal,
  });

describe.skipIf(!opensslFound)('a timestamp', () => {
  test.each<[string, AuthorityOptions]>([
    ['P-256 with SHA-256', {}],
    ['RSA with SHA-512', { key: RSA_KEY, digest: 'sha512' }],
    ['RSA, its certificate named by SHA-1', { key: RSA_KEY, names: 'sha1' }],
  ])('by %s is asked for and verifies, here and by openssl', async (_, options) => {
    const by = await authorityOf(options);
    const token = await ask(by);
    const verdict = verifyTimestamp({ token, bytes: BYTES, roots: by.roots });
    expect(verdict).toMatchObject({ ok: true, policy: '1.2.3.4.1', serial: '2' });
    const [file, data] = [join(folder, 'token.der'), join(folder, 'data')];
    await writeFile(file, token);
    await writeFile(data, BYTES);
    const args = [
      'ts',
      '-verify',
      '-token_in',
      '-in',
      file,
      '-data',
      data,
      '-CAfile',
      by.rootsFile,
    ];
    expect(execFileSync('openssl', args, { stdio: 'pipe' }).toString()).toContain('OK');
  });

  test('is under the policy that is asked for', async () => {
    const token = await ask(authority, '1.2.3.4.500');
    const verdict = verifyTimestamp({ token, bytes: BYTES, roots: authority.roots });
    expect(verdict).toMatchObject({ ok: true, policy: '1.2.3.4.500' });
    await expect(ask(authority, '1.2.840.113549.9')).rejects.toThrow('refused, with status 2');
  });

  test('of other bytes, or of an authority that is not trusted, does not verify', async () => {
    const token = await ask();
    const other = Buffer.from(BYTES.toString().replace('9', '8'));
    expect(verifyTimestamp({ token, bytes: other, roots: authority.roots })).toEqual({
      ok: false,
      reason: 'The timestamp is of other bytes.',
    });
    const { roots } = await authorityOf();
    expect(verifyTimestamp({ token, bytes: BYTES, roots })).toMatchObject({ ok: false });
  });

  test('signed by a certificate of the same root that is not for timestamps does not verify', async () => {
    const by = await authorityOf();
    const at = (name: string) => join(folder, name);
    await writeFile(at('good.der'), await ask(by));
    const openssl = (...args: string[]) => execFileSync('openssl', args, { stdio: 'pipe' });
    const signedInfo = ['-inform', 'DER', '-in', at('good.der'), '-out', at('info.der')];
    openssl('cms', '-verify', '-noverify', ...signedInfo);
    const sign = (name: string) => {
      const type = ['-econtent_type', '1.2.840.113549.1.9.16.1.4', '-outform', 'DER'];
      const who = ['-signer', by.file(`${name}.pem`), '-inkey', by.file(`${name}.key`)];
      const files = ['-in', at('info.der'), '-out', at('signed.der')];
      openssl(
        'cms',
        '-sign',
        '-binary',
        '-nodetach',
        '-cades',
        '-md',
        'sha256',
        ...type,
        ...who,
        ...files,
      );
      return readFile(at('signed.der'));
    };
    const verify = (token: Uint8Array) => verifyTimestamp({ token, bytes: BYTES, roots: by.roots });
    expect(verify(await sign('tsa'))).toMatchObject({ ok: true });
    by.issue('server', 'serverAuth');
    by.issue('wide', 'critical,timeStamping,serverAuth');
    for (const name of ['server', 'wide']) {
      expect(verify(await sign(name))).toEqual({
        ok: false,
        reason: 'The certificate of the signer is not for timestamps alone.',
      });
    }
  });

  // What no signature covers, such as a version number beside it, says nothing.
  test('of which any bit was flipped does not verify, or says the same', async () => {
    const token = await ask();
    const right = verifyTimestamp({ token, bytes: BYTES, roots: authority.roots });
    let refused = 0;
    fc.assert(
      fc.property(fc.nat({ max: token.length * 8 - 1 }), (bit) => {
        const copy = Uint8Array.from(token);
        copy[bit >> 3] = (copy[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        const verdict = verifyTimestamp({ token: copy, bytes: BYTES, roots: authority.roots });
        if (verdict.ok) expect(verdict).toEqual(right);
        else refused += 1;
      }),
      { numRuns: 300 },
    );
    expect(refused).toBeGreaterThan(200);
  });

  test('that is no token is told, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (token) => {
        const verdict = verifyTimestamp({ token, bytes: BYTES, roots: authority.roots });
        expect(verdict.ok).toBe(false);
      }),
    );
  });

  test.each<[string, string, (right: Buffer, query: Buffer) => Buffer | number]>([
    ['a refusal', '503', () => 503],
    ['a redirection', '', () => 302],
    ['a rejection', 'status 2', () => Buffer.from('3005300302010 2'.replace(' ', ''), 'hex')],
    ['something else', 'not DER', () => Buffer.from('<html>')],
    ['too much', 'too long', () => Buffer.alloc(70_000)],
  ])('is not believed when the answer is %s', async (_, reason, distort) => {
    authority.distort(distort);
    await expect(ask()).rejects.toThrow(reason);
    authority.distort(undefined);
  });

  test('is not believed when it answers another request', async () => {
    const query = join(folder, 'older.tsq');
    await writeFile(join(folder, 'bytes'), BYTES);
    const args = [
      'ts',
      '-query',
      '-data',
      join(folder, 'bytes'),
      '-sha256',
      '-cert',
      '-out',
      query,
    ];
    execFileSync('openssl', args, { stdio: 'pipe' });
    const older = authority.reply(await readFile(query));
    authority.distort(() => older);
    await expect(ask()).rejects.toThrow('another request');
    authority.distort(undefined);
    const late = askForTimestamp({ url: authority.url, roots: authority.roots }, BYTES, {
      nowMs: Date.now() + 3_600_000,
      stop: new AbortController().signal,
    });
    await expect(late).rejects.toThrow('not of now');
  });
});

describe.skipIf(!opensslFound)('the checkpoint of a day', () => {
  test('gets a timestamp once, which verifies by the command line with nothing else', async () => {
    await using fixture = await openFixture();
    const { host, tenant, checkpoints } = fixture;
    const parts = { ...(await host.parts('ledger')), checkpoints, host: () => 'ledger.example' };
    await using logs = openLogs(parts);
    await logs.use(tenant, (log) => log.append(eventsOf(tenant, 3)));
    await using daily = openDaily(parts, logs, { isRunning: false });
    const { url, roots } = authority;
    await using stamping = openTimestamping(parts, {
      timestamps: { url, roots },
      isRunning: false,
    });
    const before = authority.asked();
    await stamping.round();
    expect(authority.asked()).toBe(before);
    await daily.round();
    authority.distort(() => 503);
    await stamping.round();
    authority.distort(undefined);
    const now = new Date();
    expect(await newestTimestamp(parts, tenant, now)).toBeUndefined();
    await stamping.round();
    await stamping.round();
    expect(authority.asked()).toBe(before + 2);
    const stamped = await newestTimestamp(parts, tenant, now);
    expect(stamped?.note).toContain('\n3\n');
    const [file, token] = [join(folder, 'note.txt'), join(folder, 'note.tst')];
    await writeFile(file, stamped?.note ?? '');
    await writeFile(token, Buffer.from(stamped?.token ?? '', 'base64'));
    const args = ['services/cli.ts', 'timestamp', 'verify', file, '--token', token];
    const { stdout } = await run(process.execPath, [...args, '--ca', authority.rootsFile]);
    expect(JSON.parse(stdout)).toMatchObject({ ok: true, at: stamped?.at });
  });
});

describe('the file of the authority', () => {
  test.each([
    ['no JSON', '{', 'does not fit'],
    ['an address with credentials', '{"v":1,"url":"http://a@b/","caFile":"x"}', 'credentials'],
    ['a policy in words', '{"v":1,"url":"http://b/","caFile":"x","policy":"any"}', 'dots'],
  ])('with %s is refused with what to mend', async (_, content, sentence) => {
    const file = join(folder, 'authority.json');
    await writeFile(file, content);
    await expect(readTimestampSettings(file)).rejects.toThrow(sentence);
  });

  test('names roots that are read, and must be there', async () => {
    const [file, caFile] = [join(folder, 'authority.json'), join(folder, 'empty.pem')];
    await writeFile(caFile, '');
    await writeFile(file, JSON.stringify({ v: 1, url: 'http://tsa.example/', caFile }));
    await expect(readTimestampSettings(file)).rejects.toThrow('no certificate');
  });
});
