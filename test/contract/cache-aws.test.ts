/** What only a cache on another machine can go through: its absence, its memory limit, TLS. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { openCache } from '#shared/aws/cache.ts';
import type { Cache } from '#shared/ports/cache.ts';
import { hasEngine, hasValkeyProgram, startValkey, valkey } from '#test/support/aws-engines.ts';
import { openAuthority } from '#test/support/certificates.ts';
import { hasOpenssl } from '#test/support/engines.ts';
import { temporaryFolder } from '#test/support/folder.ts';
import { freePort } from '#test/support/processes.ts';

const ttl = { ttlSeconds: 60 };
const window = { windowSeconds: 60 };
const base = { prefix: 'test', clock: Date.now };

/** A cache that is late on a busy machine answers that it has nothing: it is asked again. */
async function untilKept(cache: Cache, key: string, value: string): Promise<void> {
  const endsAt = performance.now() + 15_000;
  while ((await cache.get(key)) !== value) {
    if (performance.now() > endsAt) throw new Error(`${key} is never kept`);
    await cache.put(key, value, ttl);
    await sleep(20);
  }
}

describe.skipIf(!hasEngine(valkey))('a cache', () => {
  test('that is not there keeps nothing and fails nothing but a removal', async () => {
    const url = `redis://127.0.0.1:${await freePort()}`;
    await using cache = await openCache({ ...base, url });
    await cache.put('a', 1, ttl);
    expect(await cache.get('a')).toBeUndefined();
    await expect(cache.remove('a')).rejects.toMatchObject({ code: 'unavailable' });
  });

  test('that is not there leaves each process its own counts', async () => {
    const url = `redis://127.0.0.1:${await freePort()}`;
    await using cache = await openCache({ ...base, url });
    expect(await cache.count('a', window)).toBe(1);
    expect(await cache.count('a', window)).toBe(2);
    expect(await cache.count('b', window)).toBe(1);
  });

  test.skipIf(!hasValkeyProgram())('that comes is used from then on', async () => {
    const port = await freePort();
    await using cache = await openCache({ ...base, url: `redis://127.0.0.1:${port}` });
    await cache.put('a', 'lost', ttl);
    await using _engine = await startValkey([], port);
    await untilKept(cache, 'a', 'kept');
  });

  test('whose memory is full lets old values go and takes new ones', async () => {
    await using engine = await startValkey([
      '--maxmemory',
      '4mb',
      '--maxmemory-policy',
      'allkeys-lru',
    ]);
    await using cache = await openCache({ ...base, url: engine.url });
    const value = 'x'.repeat(10_000);
    for (let i = 0; i < 1_000; i += 1) await cache.put(`k${i}`, value, ttl);
    const all = await Promise.all(Array.from({ length: 1_000 }, (_, i) => cache.get(`k${i}`)));
    const kept = all.filter((found) => found !== undefined);
    expect(kept.length).toBeGreaterThan(10);
    expect(kept.length).toBeLessThan(500);
    await untilKept(cache, 'new', value);
  });

  test.skipIf(!hasValkeyProgram() || !hasOpenssl())(
    'is reached by TLS and password, and by nothing less',
    async () => {
      await using folder = await temporaryFolder();
      const at = (name: string) => join(folder.path, name);
      const authority = openAuthority(folder.path, 'valkey');
      const { cert, key } = authority.issue('IP:127.0.0.1');
      await writeFile(at('ca'), authority.ca);
      await writeFile(at('cert'), cert);
      await writeFile(at('key'), key);
      await writeFile(at('password'), 'secret-of-the-cache\n');
      const port = await freePort();
      const files = ['--tls-cert-file', at('cert'), '--tls-key-file', at('key')];
      const tls = ['--port', '0', '--tls-port', String(port), '--tls-auth-clients', 'no', ...files];
      await using _ = await startValkey([...tls, '--requirepass', 'secret-of-the-cache'], port);
      const isReached = async (
        more: { caFile?: string; passwordFile?: string },
        scheme: string,
      ) => {
        const url = `${scheme}://127.0.0.1:${port}`;
        await using cache = await openCache({ ...base, url, ...more });
        await cache.put('a', 1, ttl);
        return (await cache.get('a')) === 1;
      };
      const [caFile, passwordFile] = [at('ca'), at('password')];
      expect(await isReached({ caFile, passwordFile }, 'rediss')).toBe(true);
      expect(await isReached({ caFile }, 'rediss')).toBe(false);
      expect(await isReached({ passwordFile }, 'rediss')).toBe(false);
      expect(await isReached({ caFile, passwordFile }, 'redis')).toBe(false);
    },
  );
});
