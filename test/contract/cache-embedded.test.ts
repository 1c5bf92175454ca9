/** The bound of the map in memory, which counts entries; Valkey's counts bytes. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { openCache } from '#shared/embedded/cache.ts';
import { openPlace } from './adapters.ts';

describe('the cache in memory', () => {
  async function opened(entriesMax: number) {
    const place = await openPlace();
    return { place, cache: place.use(openCache({ entriesMax, clock: place.clock })) };
  }

  test('lets go what was unused for longest when it is full', async () => {
    const { place, cache } = await opened(3);
    await using _ = place;
    for (const key of ['a', 'b', 'c']) await cache.put(key, key, { ttlSeconds: 60 });
    await cache.get('a');
    await cache.put('d', 'd', { ttlSeconds: 60 });
    const found = await Promise.all(['a', 'b', 'c', 'd'].map((key) => cache.get(key)));
    expect(found).toEqual(['a', undefined, 'c', 'd']);
  });

  test('never holds more than it may, whatever is done with it', async () => {
    const entriesMax = 5;
    const step = fc.tuple(
      fc.constantFrom('put', 'get', 'count', 'remove', 'wait'),
      fc.integer({ min: 0, max: 20 }).map(String),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        const { place, cache } = await opened(entriesMax);
        await using _ = place;
        const doing = {
          put: (key: string) => cache.put(key, key, { ttlSeconds: 5 }),
          get: (key: string) => cache.get(key),
          count: (key: string) => cache.count(key, { windowSeconds: 5 }),
          remove: (key: string) => cache.remove(key),
          wait: async () => place.clock.advance(1_500),
        };
        for (const [what, key] of steps) await doing[what](key);
        const all = Array.from({ length: 21 }, (_, i) => cache.get(String(i)));
        const held = (await Promise.all(all)).filter((value) => value !== undefined);
        expect(held.length).toBeLessThanOrEqual(entriesMax);
      }),
      { numRuns: 60 },
    );
  });
});
